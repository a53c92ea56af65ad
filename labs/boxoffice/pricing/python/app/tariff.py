"""The tariff: what is added to the listed price, and what is taken off. All amounts are whole cents."""

from dataclasses import dataclass

GROUP = 10  # so many seats are a group
GROUP_DISCOUNT = 100  # thousandths of the listed price
FEE_SHARE = 25  # thousandths of what is left of it
FEE_CENTS = 90  # and this, once a booking
FEE_AT_MOST_CENTS = 2000


@dataclass(frozen=True)
class Amounts:
    """What one booking comes to, in cents."""

    listed_cents: int
    discount_cents: int
    fee_cents: int

    @property
    def total_cents(self) -> int:
        return self.listed_cents - self.discount_cents + self.fee_cents


def amounts(price_cents: int, seats: int) -> Amounts:
    """What so many seats of this listed price come to."""
    listed = price_cents * seats
    discount = _thousandths(listed, GROUP_DISCOUNT) if seats >= GROUP else 0
    fee = _thousandths(listed - discount, FEE_SHARE) + FEE_CENTS
    return Amounts(listed, discount, min(fee, FEE_AT_MOST_CENTS))


def _thousandths(cents: int, share: int) -> int:
    """So many thousandths of an amount, half a cent rounded up."""
    return (cents * share + 500) // 1000
