"""The web interface: pages for people and a JSON API for programs, both over the same services."""
