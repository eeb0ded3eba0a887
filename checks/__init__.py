"""The checks: pure evaluation of tables; no AWS calls, no clock, no files, no network."""
