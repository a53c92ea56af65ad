"""The ledger: the judge of truth. It runs the shop's invariants over what cannot be forged.

The invariants are the shop's own content, plain functions in `labs/boxoffice/invariants/*.py`. They see plain data
and import nothing of the platform; each breach that one yields comes back with its evidence and its interleaving.
"""

from breakwater.ledger.interleaving import Event, FaultWindow
from breakwater.ledger.invariants import Invariant, load
from breakwater.ledger.judge import Breach, Case, judge
from breakwater.ledger.record import Capture, Record, Refund, Seat
from breakwater.ledger.watch import Ledger, Outcome, Unbalanced

__all__ = [
    "Breach",
    "Capture",
    "Case",
    "Event",
    "FaultWindow",
    "Invariant",
    "Ledger",
    "Outcome",
    "Record",
    "Refund",
    "Seat",
    "Unbalanced",
    "judge",
    "load",
]
