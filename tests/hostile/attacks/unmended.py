"""Attacks that still get something, each for a reason that is known. Nobody is to forget them."""

from tests.hostile.attacks.attack import Attack
from tests.hostile.attacks.pipe import PIPE, SAYS

INSIDE = (
    SAYS
    + """
def note(text):
    say({"clear": False}, {"done": 9})
    raise ValueError("nobody hears this")
"""
)

UNMENDED = {
    Attack(
        "done-inside",
        PIPE,
        "the outcome of a test that runs beside the code that it tests",
        INSIDE,
        "note",
        fair=False,
    ): "such a test, of a file or of a magic, has to run there; whoever writes one decides so",
}
