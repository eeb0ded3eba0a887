"""The service: due occasions get a job, waiting jobs get a worker process."""
