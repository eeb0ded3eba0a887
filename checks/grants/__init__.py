"""Grants: whether destinations let replication in, and let in nothing else."""
