"""The images that a trial begins with: fetched where they are missing, or where they cannot be, made as stand-ins."""

from collections.abc import Callable
from typing import Any

from breakwater.engines import daemon, images, standins
from breakwater.engines.trial.allowed import BASES
from breakwater.engines.trial.stage import POSTGRES
from breakwater.engines.trial.wheels import requirements
from breakwater.errors import EngineTrouble

NEEDED = (*BASES, POSTGRES)


async def have(client: Any, tell: Callable[[str], None] = lambda line: None) -> None:
    """See that the images are there; `tell` hears what takes long. Raises EngineTrouble where one cannot be had."""
    for name in await daemon.asked(images.missing, client, NEEDED):
        tell(f"The image {name} is not on this machine: it is fetched…")
        try:
            await images.pull(name)
        except EngineTrouble as trouble:
            tell("It cannot be fetched: a stand-in of the same version is made from Debian's packages…")
            await _stand_in(name, str(trouble))


async def _stand_in(name: str, why_not_fetched: str) -> None:
    try:
        await standins.build(name, requirements())
    except EngineTrouble as trouble:
        first = why_not_fetched.partition(". Without a registry")[0]
        raise EngineTrouble(f"{first}; and no stand-in could be made: {trouble}") from None
