"""Who is notified of what, and in which words: pure functions of what is known when a job has ended."""
