"""Which deliveries are notified of what, and the texts of the messages: pure functions of an ended job's context."""
