"""Measurements. `python -m bench.NAME --json` runs one and prints its figures."""
