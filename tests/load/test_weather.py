"""Faults in the middle of a run: how they are written, and that they begin, heal and are told."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from breakwater.errors import BadInput
from breakwater.faults import Fault
from breakwater.faults.jitter import Jitter
from breakwater.faults.kill import Kill
from breakwater.faults.latency import Latency
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.ledger.interleaving import FaultWindow
from breakwater.load import weather

KILL = weather.of(Kill("orders"), 0.05, 0.1)


class Engine:
    """Keeps what lasts; has no service `nobody`."""

    def __init__(self) -> None:
        self.lasting: list[Fault] = []
        self.did: list[str] = []

    @contextmanager
    def inject(self, fault: Fault) -> Iterator[None]:
        if fault == Kill("nobody"):
            raise BadInput("There is no service `nobody`.")
        self.lasting.append(fault)
        self.did.append(fault.began)
        yield
        self.lasting.remove(fault)
        self.did.append(fault.healed)


@pytest.mark.parametrize(
    ("text", "fault", "when"),
    [
        ("slow:orders:payments:2s@5-12", Latency("orders", "payments", 2.0), (5, 12)),
        ("slow:orders:payments@5s-12.5s", Latency("orders", "payments"), (5, 12.5)),
        ("jitter:a:b:0.1:0.9s:7@0-1", Jitter("a", "b", 0.1, 0.9, 7), (0, 1)),
        ("lose_answer:a:b:hang:3@1-2", LoseAnswer("a", "b", "hang", 3), (1, 2)),
        ("lose-answer:a:b@1-2", LoseAnswer("a", "b"), (1, 2)),
        ("kill:payments@5-12", Kill("payments"), (5, 12)),
    ],
)
def test_a_fault_and_its_time_are_one_word(text: str, fault: Fault, when: tuple[float, float]) -> None:
    timed = weather.parse(text)
    assert (timed.fault, (timed.from_s, timed.until_s)) == (fault, when)
    assert timed.began == fault.began


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kill:payments", "does not say when it lasts"),
        ("kill:payments@5", "does not say when it lasts"),
        ("kill:payments@12-5", "does not say when it lasts"),
        ("@5-12", "does not say when it lasts"),
        ("kil:payments@5-12", r"no fault `kil`. Did you mean `kill`\?"),
        ("latency:a:b@5-12", "There are: hang, jitter"),
        ("slow:a:b:quick@5-12", "latency_s is a number, not `quick`"),
        ("slow:a:b:-1@5-12", "latency_s is a number of seconds, zero or more"),
        ("lose_answer:a:b:softly@5-12", "by `reset` or `hang`, not by `softly`"),
        ("kill:a:b@5-12", "has more values than a fault `kill` takes: service"),
        ("slow:a@5-12", "needs `callee`"),
    ],
)
def test_a_mistake_is_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        weather.parse(text)
    assert "\n" not in str(caught.value)


async def test_each_fault_begins_and_heals_at_its_time_and_is_told() -> None:
    engine, windows, begun = Engine(), list[FaultWindow](), time.time()
    async with weather.passing(engine, [KILL, weather.of(Latency("a", "b"), 0.0, 60.0)], begun, windows):
        while "orders is started again" not in engine.did:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert engine.lasting == [], "what lasts when the run ends is healed"
    kill = next(window for window in windows if window.began == "orders is killed")
    assert kill.healed_at is not None
    assert begun + 0.05 <= kill.began_at <= kill.healed_at
    assert all(window.healed_at for window in windows)


async def test_a_fault_that_cannot_begin_ends_the_run_with_its_reason() -> None:
    engine, windows = Engine(), list[FaultWindow]()
    faults = [weather.of(Latency("a", "b"), 0.0, 60.0), weather.of(Kill("nobody"), 0.05, 1.0)]
    with pytest.raises(BadInput, match="no service `nobody`"):
        async with weather.passing(engine, faults, time.time(), windows):
            await asyncio.sleep(60)
    assert engine.lasting == []


async def test_a_run_that_is_interrupted_heals_everything() -> None:
    engine = Engine()

    async def run() -> None:
        async with weather.passing(engine, [weather.of(Latency("a", "b"), 0.0, 60.0)], time.time(), []):
            await asyncio.sleep(60)

    task = asyncio.create_task(run())
    while not engine.lasting:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.lasting == []
