"""Custom checks: the organization's own expectations, in files with Great Expectations suites."""
