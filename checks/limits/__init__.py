"""Limits of AWS that a replication setup can run into, before it does."""
