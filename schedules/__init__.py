"""WHEN: schedules, jobs, notifications and deliveries."""
