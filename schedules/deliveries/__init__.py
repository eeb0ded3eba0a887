"""Ways in which a run's answer reaches others."""
