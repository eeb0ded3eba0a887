"""The service's configuration file: its models, loading, and cron expressions."""
