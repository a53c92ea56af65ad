"""Quantities that a check holds to their bounds."""

import asyncio
import time
from collections.abc import Collection, Sequence

from breakwater.buyer import Reply, answered_at
from breakwater.checks.scene import Observed, Scene, slowest
from breakwater.checks.verdict import Measurement
from breakwater.engines import Exchange
from breakwater.engines.description import BUYER
from breakwater.ledger import interleaving


class Measure:
    """Holds quantities to their bounds, and keeps each with its margin."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def at_most(
        self,
        what: str,
        value: float,
        bound: float,
        *,
        unit: str = "s",
        says: str = "",
        about: Reply | None = None,
        floor: float = 0.0,
    ) -> None:
        """Record `value`; raise Observed, with `says` if given, where it is above `bound`.

        `floor` is what even a perfect shop would come to: margins count what is above it.
        """
        self._hold(Measurement(what, value, bound, unit, floor=floor), says, about)

    def at_least(
        self, what: str, value: float, bound: float, *, unit: str = "s", says: str = "", about: Reply | None = None
    ) -> None:
        """Record `value`; raise Observed, with `says` if given, where it is below `bound`."""
        self._hold(Measurement(what, value, bound, unit, at_most=False), says, about)

    def wait(
        self,
        replies: Reply | Sequence[Reply],
        bound_s: float,
        *,
        when: str,
        who: str = "buyer",
        among: Collection[int] = (),
    ) -> None:
        """Hold the longest of these waits to `bound_s`. `when` says what the weather was, `who` who waited.

        Who is told something that is no outcome of the contract is not answered, however quickly; nor is who is told
        another status than those `among` which the lab's guide promises, if any are named.
        """
        waited = replies if isinstance(replies, Sequence) else [replies]
        for reply in waited:
            if reply.trouble and reply.status is not None:
                raise Observed(f"{when}, a {who} was told {reply.trouble}", about=reply)
            if among and reply.status is not None and reply.status not in among:
                promised = ", ".join(map(str, among))
                raise Observed(f"{when}, a {who} was told {reply.status} (promised: {promised})", about=reply)
        longest = slowest(waited)
        answered = longest.status is not None
        says = f"waited {longest.elapsed_s:.1f} s for an answer" if answered else "had no answer after"
        says += "" if answered else f" {longest.elapsed_s:.1f} s"
        measured = Measurement(f"longest wait of a {who}", longest.elapsed_s, bound_s, "s", broken_off=not answered)
        self._hold(measured, f"{when}, a {who} {says}", longest)

    async def requests_a_purchase(self, caller: str, callee: str, bound: float, *, after_s: float) -> None:
        """Hold how often `callee` was asked by `caller` for each purchase that buyers asked for, to `bound`.

        Every request that the link saw counts, answered or not, from the beginning of the trouble to `after_s` after
        it ended. A perfect shop asks once a purchase: margins count what is above that.
        """
        begin, end = self._trouble()
        end += after_s
        purchases = [answer for answer in self._scene.buyer.told if begin <= answer.asked_at <= end]
        trace = await asyncio.to_thread(self._scene.engine.trace)
        requests = [
            each for each in trace if (each.caller, each.callee) == (caller, callee) and begin <= each.asked_at <= end
        ]
        ratio = len(requests) / max(1, len(purchases))
        seen = f"{len(requests)} requests for {len(purchases)} purchases"
        says = f"{caller} asked {callee} {ratio:.1f} times for each purchase ({seen})"
        asked_for = interleaving.passed_for({answer.request_id for answer in purchases}, set(), requests)
        often = max(purchases, key=lambda answer: len(asked_for[answer.request_id]), default=None)
        self._hold(Measurement("requests a purchase", ratio, bound, "×", floor=1.0), says, often)

    async def given_up(
        self, caller: str, left: Sequence[Reply], bound_s: float, *, look_for_s: float, alone: bool = False
    ) -> None:
        """Hold how long `caller` went on for people who have left, to `bound_s`: until no call of its for them is open.

        What it begins for them after that counts as well. The links are looked at for `look_for_s` seconds. A call is
        for them if it carries their request's id; where they were `alone`, each that was made since they asked is.

        Raises:
            Observed: it went on for longer; or they were alone, and no call was seen at all.
        """
        await asyncio.sleep(max(0.0, max(map(answered_at, left)) + look_for_s - time.time()))
        trace = await asyncio.to_thread(self._scene.engine.trace)
        ids = {reply.request_id for reply in left}
        # By the clock of the links, which in containers may be another one than ours.
        doors = [each.left_at for each in trace if each.caller == BUYER and each.request_id in ids and each.left_at]
        left_at = max(doors) if len(doors) == len(ids) else max(map(answered_at, left))
        since = min(reply.asked_at for reply in left)
        calls = [
            each
            for each in trace
            if each.caller == caller and (each.request_id in ids or (alone and each.asked_at >= since))
        ]
        if alone and not calls:
            raise Observed(f"{caller} asked nobody for the visitors who left", about=left[0])
        ends = [(_over_at(each) or left_at + look_for_s, each) for each in calls]
        last_s, last = max(((end - left_at, each) for end, each in ends), key=lambda end: end[0], default=(0.0, None))
        if last is None:
            about = ""
        elif _over_at(last):
            about = f", as for {last.callee}"
        else:
            about = f": it still waited for {last.callee}"
        asked = next((reply for reply in left if last and reply.request_id == last.request_id), None)
        says = f"{last_s:.1f} s after the last visitor had left, {caller} worked on for them{about}"
        self.at_most("work for nobody", max(0.0, last_s), bound_s, says=says, about=asked)

    def _trouble(self) -> tuple[float, float]:
        """From when until when there was trouble, in UNIX seconds."""
        faults = self._scene.faults
        return faults[0].began_at, max(fault.healed_at or fault.began_at for fault in faults)

    def _hold(self, measured: Measurement, says: str, about: Reply | None) -> None:
        self._scene.keep(measured)
        if not measured.holds:
            said = says or f"{measured.what}: {measured.value:.1f} {measured.unit}"
            raise Observed(f"{said} {measured.allowed}", about=about, measured=measured)


def _over_at(call: Exchange) -> float | None:
    """When a call was over: answered or given up, whichever came first; None while it is open."""
    return min(filter(None, (call.answered_at, call.left_at)), default=None)
