"""What a machine needs before images can be tried on it, and what is fetched for that before the first check runs."""

import asyncio
import subprocess
from collections.abc import Callable
from typing import Any

from breakwater.engines import daemon
from breakwater.engines.trial import bases, wheels
from breakwater.errors import EngineTrouble

NEEDED = "The checks of this lab build and run images, and need one."
NO_BUILDX = "Docker has no Buildx plugin, which builds the images of this lab: install it (docker-buildx-plugin)."


def connect() -> Any:
    """A client of the daemon. Raises EngineTrouble, in one line, for what is missing, and what to do."""
    try:
        client = daemon.connect()
    except EngineTrouble as trouble:
        told = str(trouble).replace(daemon.WITHOUT, NEEDED)
        told = told.replace("To use Compose, start", "Start").replace("For Compose, install", "Install")
        raise EngineTrouble(told) from None
    _hold_buildx()
    return client


def prepare(tell: Callable[[str], None] = lambda line: None) -> None:
    """Have what all trials begin with; `tell` hears what takes long. Raises EngineTrouble as `connect` does."""
    client = connect()

    async def have() -> None:
        await bases.have(client, tell)
        tell("The packages that images are built from are looked for, and fetched where they are missing…")
        await wheels.have(client)

    asyncio.run(have())


def _hold_buildx() -> None:
    words = ("docker", "buildx", "version")
    try:
        tried = subprocess.run(words, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        raise EngineTrouble(NO_BUILDX) from None
    if tried.returncode:
        raise EngineTrouble(NO_BUILDX)
