"""The service's configuration file: its models, reading it, cron expressions, and deliveries."""
