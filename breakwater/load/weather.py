"""Faults in the middle of a run: `slow:orders:payments:2s@5-12` lasts from second 5 to second 12."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, get_args, get_type_hints

from breakwater.engines import Engine
from breakwater.errors import BadInput, did_you_mean
from breakwater.faults import Fault, known
from breakwater.ledger.interleaving import FaultWindow

SYNTAX = "NAME:CALLER:CALLEE[:VALUE…]@FROM-UNTIL, or NAME:SERVICE@FROM-UNTIL, as in slow:orders:payments:2s@5-12"


@dataclass(frozen=True)
class Timed:
    """Something that lasts from one second of a run to another. `lasts(engine)` is the context in which it does.

    `fault` is what it is, where it is one of the registry.
    """

    began: str
    healed: str
    lasts: Callable[[Engine], AbstractContextManager[None]]
    from_s: float
    until_s: float
    fault: Fault | None = None


def of(fault: Fault, from_s: float, until_s: float) -> Timed:
    """A fault from one second to another."""
    return Timed(fault.began, fault.healed, lambda engine: engine.inject(fault), from_s, until_s, fault)


def parse(text: str) -> Timed:
    """Read a fault and its time. Raises BadInput, with what was meant where that can be guessed."""
    what, _, when = text.rpartition("@")
    window = re.fullmatch(r"(\d+(?:\.\d+)?)s?-(\d+(?:\.\d+)?)s?", when)
    if not what or not window or float(window[1]) >= float(window[2]):
        raise BadInput(f"`{text}` does not say when it lasts. A fault is {SYNTAX}.")
    return of(_fault(what), float(window[1]), float(window[2]))


def _fault(text: str) -> Fault:
    verb, *values = text.split(":")
    kinds = {kind.verb: kind for kind in known().values()}
    kind = kinds.get(verb.replace("-", "_"))
    if kind is None:
        guess = did_you_mean(verb, kinds) or f" There are: {', '.join(kinds)}."
        raise BadInput(f"There is no fault `{verb}`.{guess}")
    names = [field.name for field in kind.told()]
    if len(values) > len(names):
        raise BadInput(f"`{text}` has more values than a fault `{verb}` takes: {', '.join(names)}.")
    given = dict(zip(names, values, strict=False))
    return Fault.from_json({"fault": kind.kind} | {name: _value(kind, name, value) for name, value in given.items()})


def _value(kind: type[Fault], name: str, text: str) -> Any:
    """A value as its field wants it; seconds may say so (`2s`)."""
    hint = get_type_hints(kind)[name]
    for number in (int, float):
        if number in (hint, *get_args(hint)):
            with suppress(ValueError):
                return number(text.removesuffix("s") if name.endswith("_s") else text)
            raise BadInput(f"{name} is a number, not `{text}`. A fault is {SYNTAX}.")
    return text


@asynccontextmanager
async def passing(
    engine: Engine, faults: Sequence[Timed], begun: float, windows: list[FaultWindow]
) -> AsyncIterator[None]:
    """While the run that began at `begun` (UNIX seconds) lasts, let each fault begin and heal at its time.

    `windows` is told of each as it begins. What lasts when the run ends is healed then. Raises BadInput where a fault
    hits no link or service of the shop.
    """
    tasks = [asyncio.create_task(_pass_over(engine, fault, begun, windows)) for fault in faults]
    run = asyncio.current_task()
    assert run
    failed: list[BaseException] = []

    def end_the_run(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            failed.append(error)
            run.cancel()

    for task in tasks:
        task.add_done_callback(end_the_run)
    try:
        yield
    except asyncio.CancelledError:
        if not failed:
            raise
        run.uncancel()
        raise failed[0] from None
    finally:
        for task in tasks:
            task.remove_done_callback(end_the_run)
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:  # a fault that did not heal when the run was over
        if isinstance(end, Exception):
            raise end


async def _pass_over(engine: Engine, timed: Timed, begun: float, windows: list[FaultWindow]) -> None:
    await asyncio.sleep(begun + timed.from_s - time.time())
    lease = timed.lasts(engine)
    await asyncio.to_thread(lease.__enter__)
    place = len(windows)
    windows.append(FaultWindow(timed.began, timed.healed, time.time()))
    try:
        await asyncio.sleep(begun + timed.until_s - time.time())
    finally:
        await asyncio.to_thread(lease.__exit__, None, None, None)
        windows[place] = replace(windows[place], healed_at=time.time())
