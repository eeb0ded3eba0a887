"""The `rules` table, by groups of columns."""
