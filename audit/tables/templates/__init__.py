"""The `templates` table, by groups of columns."""
