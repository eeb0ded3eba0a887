"""The `images` table and the comparison behind it."""
