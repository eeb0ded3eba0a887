"""Whether what should have been copied has arrived."""
