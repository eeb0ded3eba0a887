"""The `registries` table, by groups of columns."""
