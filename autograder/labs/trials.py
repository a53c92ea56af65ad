"""Labs that build images. There the Engine is the sandbox: the judge alone runs in a job, one that reaches Docker.

Nothing of a learner's runs in that job. What it leaves on Docker is cleared from outside, whatever became of it; after
a grader that was killed, by the next one.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder import sandbox
from breakwater.checks.scratch import scratch
from breakwater.engines import daemon
from breakwater.engines.trial import labels
from breakwater.engines.trial.prepare import connect, prepare

LIMITS = sandbox.Limits(seconds=1800.0)
"""Of one judging: its checks run containers one after another, and each has its own limit of time."""


@contextmanager
def trial() -> Iterator[dict[str, str]]:
    """The environment of a job that tries images. Raises EngineTrouble where Docker cannot be had."""
    prepare()
    client = connect()
    asyncio.run(daemon.asked(labels.sweep, client))
    with scratch() as folder:
        mine = labels.mark(folder / labels.STATE)  # as an engine does: who sweeps the folder clears it
        try:
            yield {labels.VARIABLE: mine.folder, "DOCKER_HOST": daemon.endpoint(), "DOCKER_CONFIG": _client_config()}
        finally:
            asyncio.run(daemon.asked(labels.clear, client, mine))


def _client_config() -> str:
    """Where Docker's client finds its plugins: a job has a home of its own."""
    return os.environ.get("DOCKER_CONFIG") or str(Path.home() / ".docker")
