"""Pricing: what seats cost in the end."""
