"""The open loop: visitors come at a rate, whatever the shop does; each wait counts from the intended moment.

It is one event loop, so it can itself be too slow. It watches that: by how late each arrival began, and by how late
a pulse of its own came, 50 times a second. Where a hundredth of these were later than `LATE_S`, it was the bottleneck.
"""

import asyncio
import random
import resource
import time
from collections.abc import Sequence
from contextlib import suppress

from breakwater.buyer import Buyer
from breakwater.engines import Engine
from breakwater.errors import BadInput, EngineTrouble
from breakwater.ledger.interleaving import FaultWindow
from breakwater.load.run import Run, Sample, percentile
from breakwater.load.traffic import Traffic, Visit, browse_and_buy, declined_share
from breakwater.load.weather import Timed, passing

LATE_S = 0.1
PULSE_S = 0.02
LOOK_AHEAD_S = 0.2  # a run begins so long after it was asked for
MOST = 200_000  # arrivals of one run; their samples are kept in memory


class GeneratorSaturated(EngineTrouble):
    """The load generator was the bottleneck, so that what it measured says nothing of the shop."""


async def drive(
    engine: Engine,
    buyer: Buyer,
    *,
    rate: float,
    seconds: float,
    seed: object = 1,
    traffic: Traffic = browse_and_buy,
    faults: Sequence[Timed] = (),
    windows: list[FaultWindow] | None = None,
) -> Run:
    """Let visitors of `traffic` come for `seconds`, `rate` a second on average (a Poisson process drawn from `seed`).

    Returns when the last one has left. `windows`, if given, is told of the faults as they begin and heal.

    Raises:
        BadInput: a rate or a time that is none, or a fault on no link.
    """
    moments = arrivals(rate, seconds, seed)
    raise_limit(len(moments))
    share = await declined_share(buyer, rate * seconds) if traffic is browse_and_buy else 0.0
    windows = [] if windows is None else windows
    begun = asyncio.get_running_loop().time() + LOOK_AHEAD_S
    began_at = time.time() + LOOK_AHEAD_S
    async with passing(engine, faults, began_at, windows):
        samples, lags = await _visits(moments, begun, buyer, traffic, share, seed)
    load = f"{rate:g} arrivals a second"
    return Run("open", load, seconds, began_at, tuple(samples), tuple(windows), saturation(lags))


async def _visits(
    moments: Sequence[float], begun: float, buyer: Buyer, traffic: Traffic, share: float, seed: object
) -> tuple[list[Sample], list[float]]:
    """Everybody's requests, and every lateness of ours."""
    loop = asyncio.get_running_loop()
    samples: list[Sample] = []
    lags: list[float] = []
    pulse = asyncio.create_task(_pulse(lags))
    try:
        async with asyncio.TaskGroup() as group:
            for number, moment in enumerate(moments):
                await asyncio.sleep(max(0.0, begun + moment - loop.time()))
                lags.append(loop.time() - begun - moment)
                draw = random.Random(f"{seed}/{number}")
                visit = Visit(buyer, draw, lambda: loop.time() - begun, moment, share, samples)
                group.create_task(traffic(visit))
    except* EngineTrouble as troubles:
        raise EngineTrouble(str(troubles.exceptions[0])) from None
    finally:
        pulse.cancel()
    return samples, lags


async def _pulse(lags: list[float]) -> None:
    """Notice by how much this loop is late; ends when cancelled. A long stall is many pulses late, and not one."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += PULSE_S
        await asyncio.sleep(max(0.0, due - loop.time()))
        lags.append(loop.time() - due)


def arrivals(rate: float, seconds: float, seed: object) -> list[float]:
    """The moments at which visitors arrive, in seconds: a Poisson process.

    Raises:
        BadInput: the rate or the time is not above zero, or there would be too many.
    """
    for name, value in (("rate", rate), ("seconds", seconds)):
        if not 0 < value < float("inf"):
            raise BadInput(f"The {name} must be above zero, not {value:g}.")
    if rate * seconds > MOST:
        raise BadInput(f"{rate:g} arrivals a second for {seconds:g} s are too many for one run (at most {MOST:,}).")
    draw = random.Random(f"{seed}/arrivals")
    moments = [draw.expovariate(rate)]
    while moments[-1] < seconds:
        moments.append(moments[-1] + draw.expovariate(rate))
    return moments[:-1]


def saturation(lags: Sequence[float]) -> str:
    """One line if the generator was the bottleneck, given by how much it was late each time; else nothing."""
    if percentile(sorted(lags), 0.99) <= LATE_S:
        return ""
    share = sum(lag > LATE_S for lag in lags) / len(lags)
    return (
        f"The load generator was itself the bottleneck: {share:.0%} of what it did came more than {LATE_S:g} s late, "
        f"by up to {max(lags):.1f} s. Its waits say nothing of the shop. Take a lower rate or a quieter machine."
    )


def raise_limit(connections: int) -> None:
    """Let this process have so many connections open, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 2 * connections + 1024) if hard > 0 else 2 * connections + 1024
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
