"""The service: what is due gets a job, a waiting job gets a worker process."""
