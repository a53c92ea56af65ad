"""By what labels everything that a trial makes is found again, and cleared away, whoever was killed meanwhile."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakwater.engines import daemon

TRIAL, FOLDER, OWNER = "breakwater.trial", "breakwater.trial.folder", "breakwater.trial.owner"
"""On each container, network and volume, and on each image of a learner's."""

MARK = "on-docker"

STATE = "images"
"""The folder below an engine's state that is a trial's: not that of shops, which whoever clears a shop removes."""

VARIABLE = "BREAKWATER_TRIAL"
"""The folder of a trial, where whoever started the judge clears up: a job's own folders are not seen from outside."""


@dataclass(frozen=True)
class Trial:
    """One trial. In its `folder` there is a mark as long as it is not over."""

    folder: str

    def __str__(self) -> str:
        return hashlib.sha256(self.folder.encode()).hexdigest()[:12]

    @property
    def labels(self) -> dict[str, str]:
        return {TRIAL: str(self), FOLDER: self.folder, OWNER: daemon.owner()}


def trial_of(state: Path) -> Trial:
    """The trial whose engine has this state folder."""
    return Trial(os.environ.get(VARIABLE) or str(state))


def mark(state: Path) -> Trial:
    """Note in a state folder that something may be on Docker; return its trial."""
    state.mkdir(parents=True, exist_ok=True)
    (state / MARK).touch()
    return trial_of(state)


def is_marked(state: Path) -> bool:
    return (state / MARK).is_file()


def sweep(client: Any) -> None:
    """Clear the trials of this user whose folders are gone: of whoever was killed, or lost the daemon at the end."""
    if os.environ.get(VARIABLE):
        return
    mine = {"label": f"{OWNER}={daemon.owner()}"}
    found = [
        *(each.labels for each in client.containers.list(all=True, filters=mine, ignore_removed=True)),
        *(each.labels for each in client.images.list(filters=mine)),
        *(each.attrs.get("Labels") or {} for each in client.networks.list(filters=mine)),
        *(each.attrs.get("Labels") or {} for each in client.volumes.list(filters=mine)),
    ]
    for folder in {labels[FOLDER] for labels in found if labels.get(FOLDER)}:
        if not is_marked(Path(folder)):
            clear(client, Trial(folder))


def clear(client: Any, trial: Trial, *, images: bool = True) -> None:
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
