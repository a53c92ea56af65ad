"""Checks: pytest tests that judge a shop by its behaviour, and what they say about it."""
