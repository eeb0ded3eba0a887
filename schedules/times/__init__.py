"""When schedules are due: cron by the clock on the wall, in words, and what is caught up with."""
