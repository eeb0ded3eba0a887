"""When schedules are due: occasions by the clock on the wall."""
