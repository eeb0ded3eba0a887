"""Custom checks: an organization's own expectations in files of Great Expectations suites."""
