"""Jobs and leases: the database as the queue that all processes share."""
