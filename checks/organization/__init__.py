"""The organization around replication: who is in it, who is active, and what could be looked at."""
