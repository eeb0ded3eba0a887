"""The user interfaces: command line, web and simulator. Composition root; no other package imports it."""
