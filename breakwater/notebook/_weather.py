"""What a lesson can do to the shop: each a name, and a context in which it lasts."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from breakwater.engines import Engine
from breakwater.faults import Fault
from breakwater.faults.latency import Latency


@dataclass(frozen=True)
class Weather:
    """`what` it is, in words; `lasts(engine)` is the context in which it lasts."""

    what: str
    lasts: Callable[[Engine], AbstractContextManager[None]]


def slow(caller: str, callee: str, latency_s: float) -> Weather:
    """Every answer on the link comes `latency_s` seconds later."""
    return on_link(f"{callee} answers {latency_s:g} s late", Latency(caller, callee, latency_s))


def on_link(what: str, fault: Fault) -> Weather:
    """Any fault of a link, under the name `what`."""
    return Weather(what, lambda engine: engine.inject(fault))


def dead(service: str) -> Weather:
    """The service is killed, and started again at the end."""

    @contextmanager
    def lasts(engine: Engine) -> Iterator[None]:
        engine.kill(service)
        try:
            yield
        finally:
            engine.restart(service)

    return Weather(f"{service} is dead", lasts)


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
