"""From what was seen to what is told: why a check failed, and the lines that prove it."""

from collections.abc import Sequence

from breakwater.buyer import LOOK, Answer, Reply, answered_at
from breakwater.checks.scene import Scene, slowest
from breakwater.engines import Exchange
from breakwater.ledger import interleaving
from breakwater.ledger.interleaving import BUYER
from breakwater.ledger.record import Record

MOST_OF = 0.8


def explain(error: BaseException, scene: Scene) -> tuple[str, tuple[str, ...]]:
    """Return (why, evidence) for a failed check; either can be empty. Raises CourseError if the engine is gone."""
    if evidence := getattr(error, "evidence", ()):
        return getattr(error, "why", ""), tuple(evidence)
    about = getattr(error, "about", None) or (slowest(scene.buyer.told) if scene.buyer.told else None)
    if about is None:
        return "", ()
    exchanges = scene.engine.trace()
    if isinstance(about, Answer):
        record = Record.of(scene.buyer.told, scene.engine.provider("GET", "/books"))
        events = interleaving.of_answers([about], exchanges, record, scene.faults)
    else:
        events = interleaving.of_visit(about, exchanges, scene.faults, getattr(error, "before", ()))
    line = interleaving.as_text(interleaving.shorten(events), since=about.asked_at)
    return why_waited(about, exchanges), (line,)


def why_waited(reply: Reply, exchanges: Sequence[Exchange]) -> str:
    """Who waited for whom: the innermost call that took most of the wait for this answer; empty if there is none."""
    calls = [exchange for exchange in exchanges if exchange.request_id == reply.request_id and exchange.caller != BUYER]
    long = [call for call in calls if _waited_s(call, reply) >= MOST_OF * max(reply.elapsed_s, 1.0)]
    if not long:
        return ""
    inner = long[-1]
    waited = f"{inner.caller} waited {_waited_s(inner, reply):.1f} s for {inner.callee}"
    if inner.answered_at is not None and inner.answered_at <= answered_at(reply):
        return f"{waited}, to the end: no deadline of its own cut the call short"
    gave_up = any(call.callee == inner.caller and call.answered_at for call in calls)
    if gave_up and reply.status is not None:
        return f"{waited} before it gave up"
    who = "visitor" if reply.request_id.startswith(LOOK) else "buyer"
    return f"{waited} and went on waiting: no deadline ended it before the {who} gave up"


def _waited_s(call: Exchange, reply: Reply) -> float:
    """For how long the call kept the asker waiting."""
    return min(call.answered_at or answered_at(reply), answered_at(reply)) - call.asked_at
