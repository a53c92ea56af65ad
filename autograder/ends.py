"""How a grading command ends: by its exit status, or because nobody is called so."""

from collections.abc import Sequence

from breakwater.errors import BadInput, did_you_mean

REFUSED, UNKNOWN = 3, 2


def status(*, refused: object, unknown: object = False) -> int:
    """The exit status of a command that refused a submission, or left one undecided."""
    return REFUSED if refused else UNKNOWN if unknown else 0


def known(name: str, names: Sequence[str], otherwise: str) -> str:
    """The name, if it is one of these. Raises BadInput, which says `otherwise` of it."""
    if name not in names:
        raise BadInput(f"`{name}` {otherwise}.{did_you_mean(name, names)}")
    return name
