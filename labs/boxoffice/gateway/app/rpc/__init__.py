"""Generated from contracts/proto by contracts/generate.py: not to be edited."""
