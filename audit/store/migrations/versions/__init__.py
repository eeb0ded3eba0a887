"""One file for each version of the schema since the first. They import nothing of ours: they never change again."""
