"""Printed scripts, run by a real shell with the real AWS CLI against the simulated organization."""
