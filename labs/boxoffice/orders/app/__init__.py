"""Orders: who buys which seat, and how it ended. Seats live here too, until a service of their own takes them."""
