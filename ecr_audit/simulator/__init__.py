"""A simulated AWS Organization, answered over HTTP on loopback to real boto3 clients and the real AWS CLI.

It is a fake to learn and test with: what it does, AWS is documented to do (each module says where); what AWS is not
known to do, it refuses with an AWS error that says so.
"""

from __future__ import annotations

from pathlib import Path

from ecr_audit.simulator.document import WorldError, world_schema
from ecr_audit.simulator.server import PortInUseError, Simulation, environment, exports, serve
from ecr_audit.simulator.world import World, load_world

DEMO_WORLD = Path(__file__).with_name("demo.yaml")
"""The world of `ecr-audit demo`."""
DEMO_BASELINE = Path(__file__).with_name("demo-baseline.yaml")
"""What its company requires."""

__all__ = [
    "DEMO_BASELINE",
    "DEMO_WORLD",
    "PortInUseError",
    "Simulation",
    "World",
    "WorldError",
    "environment",
    "exports",
    "load_world",
    "serve",
    "world_schema",
]
