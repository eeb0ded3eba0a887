"""One file for each revision of the schema. Those of a release never change again."""
