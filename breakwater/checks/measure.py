"""Quantities that a check holds to their bounds."""

import asyncio
from collections.abc import Sequence

from breakwater.buyer import Reply
from breakwater.checks.scene import Observed, Scene, slowest
from breakwater.checks.verdict import Measurement
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

    def wait(self, replies: Reply | Sequence[Reply], bound_s: float, *, when: str, who: str = "buyer") -> None:
        """Hold the longest of these waits to `bound_s`. `when` says what the weather was, `who` who waited.

        Who is told something that is no outcome of the contract is not answered, however quickly.
        """
        waited = replies if isinstance(replies, Sequence) else [replies]
        for reply in waited:
            if reply.trouble and reply.status is not None:
                raise Observed(f"{when}, a {who} was told {reply.trouble}", about=reply)
        longest = slowest(waited)
        answered = longest.status is not None
        says = f"waited {longest.elapsed_s:.1f} s for an answer" if answered else "had no answer after"
        says += "" if answered else f" {longest.elapsed_s:.1f} s"
        what = f"longest wait of a {who}"
        self.at_most(what, longest.elapsed_s, bound_s, says=f"{when}, a {who} {says}", about=longest)

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

    def _trouble(self) -> tuple[float, float]:
        """From when until when there was trouble, in UNIX seconds."""
        faults = self._scene.faults
        return faults[0].began_at, max(fault.healed_at or fault.began_at for fault in faults)

    def _hold(self, measured: Measurement, says: str, about: Reply | None) -> None:
        self._scene.keep(measured)
        if not measured.holds:
            said = says or f"{measured.what}: {measured.value:.1f} {measured.unit}"
            raise Observed(f"{said} {measured.allowed}", about=about, measured=measured)
