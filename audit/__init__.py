"""Evidence from AWS, and one audit run from start to end."""
