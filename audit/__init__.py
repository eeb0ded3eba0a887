"""WHAT IS TRUE: evidence from AWS, and one run from start to end."""
