"""Attacks that still get something, each for a reason that is known. Nobody is to forget them."""

from tests.hostile.attacks.attack import Attack
from tests.hostile.attacks.pipe import PIPE, SAYS

REMEMBERS = """
asked = []
def mean(numbers):
    asked.append(list(numbers))
    return 0
"""
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
        "remembers-what-it-was-asked",
        "hidden tests",
        "the arguments of hidden calls, shown by a cell that runs later",
        REMEMBERS,
        last="print('GOT', asked[1:])",
    ): "whoever is called knows with what; what is shown would have to come from a run without the hidden tests",
    Attack(
        "done-inside",
        PIPE,
        "the outcome of a test that runs beside the code that it tests",
        INSIDE,
        "note",
        fair=False,
    ): "such a test, of a file or of a magic, has to run there; whoever writes one decides so",
}
