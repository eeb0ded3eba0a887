"""When schedules are due: occasions in the local time of the schedule's time zone."""
