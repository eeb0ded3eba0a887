"""The `repositories` table, by groups of columns."""
