"""Jobs and leases: the database as the queue that every process shares."""
