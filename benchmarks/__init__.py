"""Reproducible measurements. `python -m benchmarks` runs them all."""
