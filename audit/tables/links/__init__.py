"""The `links` table, by groups of columns."""
