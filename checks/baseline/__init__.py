"""The baseline: its schema, its file, the questions that are asked of it, and waivers."""
