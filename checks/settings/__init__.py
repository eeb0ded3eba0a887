"""Settings of what replication creates or fills: replication copies images, and no setting."""
