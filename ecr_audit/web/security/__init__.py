"""Middlewares and dependencies for authentication, origin, body size and rate limits."""
