"""Tests of the edits, documents and scripts that mend findings."""
