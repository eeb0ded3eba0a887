"""Tests of the simulated organization."""
