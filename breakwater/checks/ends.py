"""How one try of one check ended, read from what ended it.

Nothing: passed. An AssertionError that the check itself raised, or the client that holds the shop to its contract:
failed. Anything else is trouble of ours: unknown.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _pytest.outcomes import Failed

from breakwater import paths
from breakwater.checks.evidence import explain
from breakwater.checks.scene import Scene
from breakwater.checks.verdict import Verdict
from breakwater.errors import CourseError

STALLED_S = 2.0  # after so long a standstill of ours nothing that has to do with time counts
SHORT_S = 0.2  # shorter ones happen to everybody
SLOWED = 0.5  # who waits for a processor for half as long as it runs is slower by half

NAMES = ("scene", "fixtures", "footprints", "measure", "pages", "shop", "visitors", "weather")
OF_IMAGES = ("images", "rehearsed", "staged")
_HERE = Path(__file__).parent
_FIXTURES = (_HERE / f"{name}.py" for name in (*NAMES, *OF_IMAGES))
WITNESSES = (*_FIXTURES, _HERE.parent / "ledger", paths.LABS, paths.SOLUTIONS)


class CheckTookTooLong(Exception):
    """A check ran into its limit of time: no shop can do that, a buyer's patience ends before."""


@dataclass(frozen=True)
class End:
    """The verdict of one try, and what is told about it. What others slowed down may be doubtful."""

    verdict: Verdict
    message: str = ""
    why: str = ""
    evidence: tuple[str, ...] = ()
    is_doubtful: bool = False


def read(errors: Sequence[tuple[str, BaseException]], scene: Scene | None, checks: Path) -> End:
    """Read the end from the errors of a try, each with its phase (`setup`, `call`, `teardown`), in order."""
    if not errors:
        return End(Verdict.PASSED)
    observed = [seen for phase, error in errors if (seen := _observation(phase, error, checks))]
    if len(observed) < len(errors):
        ours = next((phase, error) for phase, error in errors if not _observation(phase, error, checks))
        return End(Verdict.UNKNOWN, _trouble(*ours))
    if scene is None:
        return End(Verdict.FAILED, _message(observed[0]))
    if trouble := _of_the_machine(observed[0], scene):
        return End(Verdict.UNKNOWN, trouble)
    try:
        why, lines = explain(observed[0], scene)
    except CourseError as error:
        return End(Verdict.UNKNOWN, str(error))
    return End(Verdict.FAILED, _message(observed[0]), why, lines, _is_doubtful(observed[0], scene))


def _is_doubtful(error: BaseException, scene: Scene) -> bool:
    """Whether the shop failed by being slow, and others, who ran beside it, had slowed it down."""
    measured = getattr(error, "measured", None)
    share = scene.share()
    was_slowed = share.waited_s > SLOWED * share.ran_s
    return was_slowed and bool(getattr(error, "by_time", False) or (measured and measured.is_near))


def _of_the_machine(error: BaseException, scene: Scene) -> str:
    """What the machine did that could explain what was observed; empty where it is the shop that has to."""
    measured = getattr(error, "measured", None)
    late_by_s = measured.late_by_s if measured else None
    enough_s = STALLED_S if late_by_s is None else max(late_by_s, SHORT_S)
    if scene.stalled_s > enough_s:
        stalled = f"this machine kept the judge itself from running for {scene.stalled_s:.1f} s"
        return f"{stalled}, so its clock proves nothing"
    share = scene.share()
    is_near = bool(measured and measured.is_near)
    if (share.is_too_small or (is_near and share.is_small)) and share.waited_s > enough_s:
        return f"{share}, so its slowness proves nothing"
    return ""


def _observation(phase: str, error: BaseException, checks: Path) -> BaseException | None:
    """The observation of the shop that this error is; None if it is trouble of ours."""
    if phase != "call":
        return None
    if isinstance(error, BaseExceptionGroup):
        inner = [_observation(phase, each, checks) for each in error.exceptions]
        return inner[0] if all(inner) else None
    if isinstance(error, Failed):
        return error
    return error if isinstance(error, AssertionError) and _raised_in(error, (*WITNESSES, checks)) else None


def _raised_in(error: BaseException, places: Sequence[Path]) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and any(Path(frames[-1].filename).is_relative_to(place) for place in places)


def _message(error: BaseException) -> str:
    """The text that was given to `assert`, `pytest.fail` or the error."""
    text = error.msg if isinstance(error, Failed) else str(error)
    return " ".join((text or "").split()) or "what this check asks for did not hold (it gives no reason)"


def _trouble(phase: str, error: BaseException) -> str:
    if isinstance(error, CheckTookTooLong | CourseError):
        return str(error)
    where = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(where[-1].filename).name}:{where[-1].lineno}" if where else ""
    first = str(error).strip().partition("\n")[0]
    return f"the judge had trouble of its own ({phase}): {type(error).__name__}{': ' if first else ''}{first}{place}"
