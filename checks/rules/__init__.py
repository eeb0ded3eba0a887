"""Replication rules: what is copied where, against what the baseline requires."""
