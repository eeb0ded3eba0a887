"""WHAT WE SAY: pure functions of a stored run."""
