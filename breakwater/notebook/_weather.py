"""What a lesson can do to the shop: each a name, and a context in which it lasts. `shop.faults` in a notebook.

The names are those of the fixture `faults` of checks.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

from breakwater.engines import Engine
from breakwater.faults import Fault
from breakwater.faults.hang import Hang
from breakwater.faults.jitter import Jitter
from breakwater.faults.kill import Kill
from breakwater.faults.latency import Latency
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.faults.pause import Pause
from breakwater.faults.refuse import Refuse
from breakwater.faults.reset import Reset


@dataclass(frozen=True)
class Weather:
    """`what` it is, in words; `lasts(engine)` is the context in which it lasts."""

    what: str
    lasts: Callable[[Engine], AbstractContextManager[None]]


def of(fault: Fault, what: str = "") -> Weather:
    """Any fault, under the name `what`, or in its own words."""
    return Weather(what or fault.began, lambda engine: engine.inject(fault))


def slow(caller: str, callee: str, latency_s: float) -> Weather:
    """Every answer on the link comes `latency_s` seconds later."""
    return of(Latency(caller, callee, latency_s), f"{callee} answers {latency_s:g} s late")


def jitter(caller: str, callee: str, least_s: float, most_s: float, seed: int = 0, late_share: float = 1.0) -> Weather:
    """Each answer on the link, or a share of them, comes later by a time of its own, in seconds between the two."""
    return of(Jitter(caller, callee, least_s, most_s, seed, late_share))


def hang(caller: str, callee: str) -> Weather:
    """The link accepts and carries nothing; what was said is delivered at the end."""
    return of(Hang(caller, callee))


def reset(caller: str, callee: str) -> Weather:
    """Connections on the link are reset: those open now, and each new one when a request arrives."""
    return of(Reset(caller, callee))


def refuse(caller: str, callee: str) -> Weather:
    """Nobody listens on the link."""
    return of(Refuse(caller, callee))


def lose_answer(caller: str, callee: str, how: Literal["reset", "hang"] = "reset", count: int | None = None) -> Weather:
    """Requests on the link are carried out and their answers, or the next `count` of them, never arrive."""
    return of(LoseAnswer(caller, callee, how, count))


def pause(service: str) -> Weather:
    """The service stands still, and goes on at the end."""
    return of(Pause(service))


def kill(service: str) -> Weather:
    """The service is killed, and started again at the end."""
    return of(Kill(service), f"{service} is dead")


def lost_answers(count: int) -> Weather:
    """The provider makes the next `count` captures and loses the answers on their way back."""

    @contextmanager
    def lasts(engine: Engine) -> Iterator[None]:
        engine.provider("PUT", "/behaviour", {"lose_answers": count, "lose_how": "reset"})
        try:
            yield
        finally:
            engine.provider("PUT", "/behaviour", {})

    return Weather(f"{count} answers of the provider are lost", lasts)
