"""Ways in which a run's results reach others: one module a channel, named as the configuration's `type`.

Each attempt is safe to make again: a receiver either sees that it has it already, or is given the same key.
"""
