"""Attacks on the grader, a module a few kinds. `ATTACKS` has them all."""

from tests.hostile.attacks import bombs, endings, files, leftovers, pipe, readers, secrets, values
from tests.hostile.attacks.attack import Attack

_MODULES = (values, secrets, endings, bombs, leftovers, pipe, files, readers)
ATTACKS: tuple[Attack, ...] = tuple(attack for module in _MODULES for attack in module.ATTACKS)
