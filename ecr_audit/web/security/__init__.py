"""What stands before pages and API: who asks, from where, how much, how often."""
