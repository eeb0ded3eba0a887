"""The baseline: its schema, its file, its requirements, and waivers."""
