"""The inventory: which seats there are, what they cost, and who has them."""
