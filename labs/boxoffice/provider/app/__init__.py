"""The card provider: another company, simulated. It moves the money, and keeps the books of what it really did."""
