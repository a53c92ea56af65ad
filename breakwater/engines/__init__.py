"""Engines: one shop, several ways to run it, one interface.

A shop is a folder with a `compose.yaml`. An engine brings it up, and gives the handles by which checks,
notebooks and load tests reach it and hurt it. They never ask which engine it is.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from breakwater.errors import BadInput, did_you_mean
from breakwater.faults import Fault

ENGINES = {
    "embedded": "breakwater.engines.embedded:EmbeddedEngine",
    "compose": "breakwater.engines.compose:ComposeEngine",
}
"""Every engine by the name that `--engine` takes, and where it is."""

IMAGES = "images"
FOR_JUDGES = {IMAGES: "breakwater.engines.trial.engine:ImagesEngine"}
"""Engines on which no shop runs: a lab chooses one of them (`builds` in its lab.toml), and nobody else does."""


def find(name: str, *, judging: bool = False) -> Any:
    """Return the class of the engine called `name`, with `judging` of those too that only judges use.

    Raises BadInput with the nearest name.
    """
    known = ENGINES | (FOR_JUDGES if judging else {})
    if name not in known:
        guess = did_you_mean(name, ENGINES) or f" There is: {', '.join(ENGINES)}."
        raise BadInput(f"There is no engine `{name}`.{guess}")
    module, _, kind = known[name].partition(":")
    return getattr(import_module(module), kind)


BUILT = "built"


@dataclass(frozen=True)
class ServiceStatus:
    """One service as `course shop up --json` reports it.

    `state` is one of `building`, `starting`, `healthy`, `paused`, `exited`; `seconds` is how long it took to become
    healthy. On an engine that runs no service it is `built`, and `seconds` is how long that took.
    """

    name: str
    state: str
    pid: int | None
    seconds: float


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as seen on a link by the proxy between two services. Times are UNIX seconds.

    `answered_at` and `status` are None where no answer came (yet). `status` is HTTP's, as a number, or the name of
    gRPC's (`ALREADY_EXISTS`). `request_id` is the value of the X-Request-ID header (in gRPC: metadata), or empty.
    `left_at` is when the caller gave the request up, by closing its connection or cancelling the call, before an answer
    had come.
    """

    caller: str
    callee: str
    request: str
    request_id: str
    asked_at: float
    answered_at: float | None
    status: int | str | None
    left_at: float | None = None


class Engine(Protocol):
    """What every engine can do. All calls block until done and raise `CourseError` on trouble."""

    name: str
    shops_a_processor: float
    """How many shops can be judged at a time for each processor, since most checks wait."""

    def up(self) -> list[ServiceStatus]:
        """Start everything that is not running, wait until it is healthy. Raises ShopDidNotStart."""

    def down(self) -> None:
        """Stop everything and leave nothing behind. No error if nothing runs."""

    def status(self) -> list[ServiceStatus]:
        """One row a service, in the order of the description; empty if the shop is down."""

    def logs(self, service: str | None = None, *, follow: bool = False) -> Iterator[str]:
        """Yield log lines, each prefixed by its service when `service` is None."""

    def reset(self) -> None:
        """Give the next check a fresh shop: seeded databases, empty books, restarted services, no trace."""

    def restart(self, service: str) -> None:
        """Stop one service (SIGTERM, then SIGKILL) and start it again; return when it is healthy."""

    def kill(self, service: str) -> None:
        """End one service at once (SIGKILL); it stays down until `restart`."""

    def pause(self, service: str) -> None:
        """Stop a service's processes where they are (SIGSTOP): it keeps its connections, and says nothing.

        Raises BadInput if it does not run. Paused again, it stays paused.
        """

    def resume(self, service: str) -> None:
        """Let a paused service go on where it was. No error if it was not paused or does not run."""

    def scale(self, service: str, replicas: int) -> None:
        """Run `replicas` instances of a service behind its one name. Raises BadInput where an engine cannot."""

    def endpoint(self, service: str) -> str:
        """The base URL at which something outside the shop reaches a service: `http://127.0.0.1:40123`, `grpc://…`."""

    def inject(self, fault: Fault) -> AbstractContextManager[None]:
        """Apply a fault as a lease: it heals when the context ends or when the holder's process dies.

        Raises BadInput where there is no such link or service, ShopDidNotStart at the end where a service that was
        killed does not start again.
        """

    def provider(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the card provider's controls (the judge's side), e.g. `("GET", "/books")`. Returns parsed JSON."""

    def trace(self) -> list[Exchange]:
        """All exchanges on all links since `up` or `reset`, in order of `asked_at`."""


@dataclass(frozen=True)
class ShopSpec:
    """Which shop to run and where its run-time state lives.

    With `trusted`, what is not the learner's (the provider, the servers) is taken from the shop in that folder.
    """

    folder: Path
    state: Path
    trusted: Path | None = None
