"""By what label everything that a trial makes is found again, and cleared away."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from breakwater.engines import daemon

TRIAL = "breakwater.trial"
"""On each container, network, volume and image of a learner's: the id of its trial."""

MARK = "on-docker"

VARIABLE = "BREAKWATER_TRIAL"
"""The trial's id, where whoever started the judge clears up after it: a grader's job cannot be seen from outside."""


def trial_of(state: Path) -> str:
    """The id of the trial whose engine has this state folder."""
    return os.environ.get(VARIABLE) or hashlib.sha256(str(state).encode()).hexdigest()[:12]


def mark(state: Path) -> str:
    """Note in a state folder that something may be on Docker, for whoever finds the folder; return the trial's id."""
    state.mkdir(parents=True, exist_ok=True)
    (state / MARK).touch()
    return trial_of(state)


def is_marked(state: Path) -> bool:
    return (state / MARK).is_file()


def of(trial: str) -> dict[str, str]:
    return {TRIAL: trial}


def clear(client: Any, trial: str, *, images: bool = True) -> None:
    """Remove a trial's containers, networks and volumes, and its images. No error if there are none."""
    chosen = {"label": f"{TRIAL}={trial}"}
    while found := client.containers.list(all=True, filters=chosen, ignore_removed=True):
        daemon.each(_remove, found)
    daemon.each(lambda network: network.remove(), client.networks.list(filters=chosen))
    daemon.each(lambda volume: volume.remove(force=True), client.volumes.list(filters=chosen))
    if images:
        daemon.each(lambda image: client.images.remove(image.id, force=True), client.images.list(filters=chosen))


def _remove(container: Any) -> None:
    from docker.errors import APIError

    with suppress(APIError):  # a paused one cannot be killed by every Engine
        container.unpause()
    container.remove(force=True, v=True)
