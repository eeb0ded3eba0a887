"""Pictures of a run as SVG text: pure, without fonts of their own, legible without colour."""
