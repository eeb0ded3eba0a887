"""Checks of one group, a module each; `checks.catalog` lists them."""
