"""WHEN: jobs, triggers and who is told."""
