"""Payments: takes the money for an order, through the card provider, and keeps what was taken."""
