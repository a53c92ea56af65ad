"""The weather that a check makes: every fault there is, each lasting as long as its context."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from breakwater.checks.scene import Observed, Scene
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart
from breakwater.faults import Fault, LinkFault
from breakwater.faults.hang import Hang
from breakwater.faults.jitter import Jitter
from breakwater.faults.kill import Kill
from breakwater.faults.latency import Latency
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.faults.pause import Pause
from breakwater.faults.refuse import Refuse
from breakwater.faults.reset import Reset
from breakwater.ledger.interleaving import FaultWindow

POLL_S = 0.1
JUST_S = 0.3

Weather = AbstractAsyncContextManager[None]


class Faults:
    """The weather. Each method is a context: the fault heals when it ends, and lasts `at_least_s` seconds.

    A shop that answers at once and works on behind must meet the same weather as one that waits.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._others = ThreadPoolExecutor(1)  # for what goes on while a check looks

    def slow(self, caller: str, callee: str, *, latency_s: float, at_least_s: float = 0.0) -> Weather:
        """Every answer on the link comes `latency_s` later."""
        return self.inject(Latency(caller, callee, latency_s), at_least_s=at_least_s)

    def jitter(
        self,
        caller: str,
        callee: str,
        *,
        least_s: float = 0.0,
        most_s: float,
        seed: int = 0,
        late_share: float = 1.0,
        at_least_s: float = 0.0,
    ) -> Weather:
        """Each answer on the link, or a share of them, comes later by a time of its own between these two."""
        return self.inject(Jitter(caller, callee, least_s, most_s, seed, late_share), at_least_s=at_least_s)

    def hang(self, caller: str, callee: str, *, at_least_s: float = 0.0) -> Weather:
        """The link accepts and carries nothing; what was said is delivered when it heals."""
        return self.inject(Hang(caller, callee), at_least_s=at_least_s)

    def reset(self, caller: str, callee: str, *, at_least_s: float = 0.0) -> Weather:
        """Connections on the link are reset: those open now, and each new one when a request arrives."""
        return self.inject(Reset(caller, callee), at_least_s=at_least_s)

    def refuse(self, caller: str, callee: str, *, at_least_s: float = 0.0) -> Weather:
        """Nobody listens on the link: open connections are reset, new ones refused."""
        return self.inject(Refuse(caller, callee), at_least_s=at_least_s)

    def lose_answer(
        self,
        caller: str,
        callee: str,
        *,
        how: Literal["reset", "hang"] = "reset",
        count: int | None = None,
        at_least_s: float = 0.0,
    ) -> Weather:
        """Requests on the link are carried out, and their answers, or the next `count` of them, never arrive."""
        return self.inject(LoseAnswer(caller, callee, how, count), at_least_s=at_least_s)

    def pause(self, service: str, *, at_least_s: float = 0.0) -> Weather:
        """The service stands still, and goes on where it stood."""
        return self.inject(Pause(service), at_least_s=at_least_s)

    def kill(self, service: str, *, at_least_s: float = 0.0) -> Weather:
        """The service is killed, and started again at the end; a shop whose service does not start is observed."""
        return self.inject(Kill(service), at_least_s=at_least_s)

    def restart(self, service: str, *, at_least_s: float = 0.0) -> Weather:
        """The service is asked to end (SIGTERM), and started again when it has; the context ends when it is healthy.

        Its body runs meanwhile. A service that does not start again is observed.
        """
        said = (f"{service} was asked to end", f"{service} was there again")
        restarting: list[Future[None]] = []

        def begin() -> None:
            restarting.append(self._others.submit(self._scene.engine.restart, service))

        def heal() -> None:
            try:
                restarting[0].result()
            except ShopDidNotStart as error:
                _hold_machine(error)
                raise Observed(f"after it was asked to end, {error}".partition(". See: ")[0]) from error

        return self._during(said, begin, heal, at_least_s)

    async def start_s(self, service: str) -> float:
        """How many seconds a service took to start, the last time that it did: that much is the machine's."""
        rows = await asyncio.to_thread(self._scene.engine.status)
        return next((row.seconds for row in rows if row.name == service), 0.0)

    def provider(self, *, at_least_s: float = 0.0, **behaviour: Any) -> Weather:
        """The card provider behaves badly: `latency_s`, `hang`, `fail`, `lose_answers` and `lose_how`."""
        behave = partial(self._scene.engine.provider, "PUT", "/behaviour")
        how = ", ".join(f"{key} {value}" for key, value in behaviour.items())
        said = (f"the provider behaves badly ({how})", "the provider behaves again")
        return self._during(said, lambda: behave(behaviour), lambda: behave({}), at_least_s)

    async def lasted(self, seconds: float) -> None:
        """Return when the weather that began last has lasted so long."""
        await asyncio.sleep(max(0.0, self._scene.faults[-1].began_at + seconds - time.time()))

    async def until_just_asked(self, caller: str, callee: str, *, after_s: float, at_most_s: float) -> None:
        """Return when the weather that began last has lasted `after_s` and the link has just been asked something.

        So whoever asks in pauses has a whole pause ahead. Without a question it returns after `at_most_s`.
        """
        began_at = self._scene.faults[-1].began_at
        while (now := time.time()) < began_at + at_most_s:
            if now >= began_at + after_s:
                trace = await asyncio.to_thread(self._scene.engine.trace)
                if any((e.caller, e.callee) == (caller, callee) and now - e.asked_at < JUST_S for e in trace):
                    return
            await asyncio.sleep(POLL_S)

    async def until(self, condition: Callable[[], bool], *, at_most_s: float) -> None:
        """Return when `condition` holds, or the weather that began last has lasted for `at_most_s` seconds."""
        while not condition():
            if time.time() >= self._scene.faults[-1].began_at + at_most_s:
                return
            await asyncio.sleep(POLL_S)

    def inject(self, fault: Fault, *, at_least_s: float = 0.0) -> Weather:
        """Any fault there is."""
        lease = ExitStack()

        def heal() -> None:
            try:
                lease.close()
            except ShopDidNotStart as error:
                _hold_machine(error)
                raise Observed(f"after it was killed, {error}".partition(". See: ")[0]) from error

        def begin() -> None:
            self._hold_that_it_hits(fault)
            try:
                lease.enter_context(self._scene.engine.inject(fault))
            except BadInput as error:  # the shop is cut in another way than the lab's guide asks
                raise Observed(f"the weather of this lab has nothing to hit: {error}") from error

        return self._during((fault.began, fault.healed), begin, heal, at_least_s)

    def _hold_that_it_hits(self, fault: Fault) -> None:
        """Raise Observed where nothing has ever passed on the link: what is asked there goes another way."""
        if not isinstance(fault, LinkFault):
            return
        link = (fault.caller, fault.callee)
        if not any((each.caller, each.callee) == link for each in self._scene.engine.trace()):
            raise Observed(f"nothing had passed from {link[0]} to {link[1]}, so that the weather has nothing to hit")

    @asynccontextmanager
    async def _during(
        self,
        said: tuple[str, str],
        begin: Callable[[], Any],
        heal: Callable[[], Any],
        at_least_s: float,
    ) -> AsyncIterator[None]:
        """Begin, and heal at the end; keep in the scene from when until when, and what is `said` of either."""
        await asyncio.to_thread(begin)
        begun, place = time.monotonic(), len(self._scene.faults)
        self._scene.faults.append(FaultWindow(*said, time.time()))
        try:
            yield
            await asyncio.sleep(max(0.0, at_least_s - (time.monotonic() - begun)))
        finally:
            await asyncio.to_thread(heal)
            self._scene.faults[place] = replace(self._scene.faults[place], healed_at=time.time())


def _hold_machine(error: ShopDidNotStart) -> None:
    """Raise EngineTrouble where it was this machine that kept a service from starting."""
    taken = any("address already in use" in line.lower() for line in error.last_lines)
    if taken or "was not healthy within" in str(error):
        raise EngineTrouble(str(error).partition(". See: ")[0]) from error
