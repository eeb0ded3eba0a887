"""The `replicas` table, by groups of columns."""
