"""THE DOORS: the command line. Composition root; nothing imports it."""
