"""The web door: pages for people, and a JSON API for programs, over one desk."""
