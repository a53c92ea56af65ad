"""The full half: every variant of the shop runs through the checks, and what came out is judged.

Where margins count the right shops run alone, one check at a time. The others, whose verdicts no load may turn, run
several at a time.
"""

import subprocess
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec

from breakwater.checks.verdict import Report, Verdict
from breakwater.dev.content import ModuleContent
from breakwater.dev.digest import lab_digest
from breakwater.dev.finding import Finding
from breakwater.dev.judge import judge
from breakwater.dev.margins import RIGHT
from breakwater.dev.patches import Patch
from breakwater.dev.rules_generated import read_json
from breakwater.dev.variants import Variant, laid_out, variants
from breakwater.engines import IMAGES
from breakwater.errors import BadInput, CourseError, did_you_mean

CONTRACT = "breakwater.contract"
Say = Callable[[str], None]


@dataclass
class Proof:
    """One run of the full half: each variant's report, in order, and what was found wrong.

    `digest` is that of the content when the run began.
    """

    module: ModuleContent
    seed: str
    digest: str
    reports: list[tuple[Variant, Report]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def prove_module(
    module: ModuleContent,
    *,
    seed: str,
    only: Collection[str] = (),
    brief: bool = False,
    alone: bool = True,
    say: Say = lambda _: None,
) -> Proof:
    """The whole full half, the shops, then the notebooks; with `only`, no more than the shops of these names.

    With `brief` it repeats what chance has a part in: no notebooks, and of a wrong answer the checks it must lose.
    `alone` is for margins: without it right shops, too, run beside others.
    Raises BadInput for a name that no shop has.
    """
    say(f"{module.id}: seed {seed}")
    shops = variants(module)
    for name in only:
        if name not in (known := [shop.name for shop in shops]):
            raise BadInput(
                f"{module.id} has no {name}.{did_you_mean(name, known) or ' There are: ' + ', '.join(known)}"
            )
    shops = [shop for shop in shops if not only or shop.name in only]
    before = read_json(module.record).get("first_runs", {})
    proof = prove(module, shops, seed=seed, first_runs=before, brief=brief, alone=alone, say=say)
    if not only and not brief:
        proof.findings += prove_notebooks(module)
    return proof


def prove(
    module: ModuleContent,
    shops: Iterable[Variant],
    *,
    seed: str,
    first_runs: Iterable[str] = (),
    brief: bool = False,
    alone: bool = True,
    say: Say = lambda _: None,
) -> Proof:
    """Run each of these shops through all checks; `brief` and `alone` as in `prove_module`.

    `first_runs` names the wrong answers that have run before; another one runs only if it is committed, so that nobody
    chooses what an answer loses after seeing it run. `seed` is what hidden checks draw from.
    """
    proof, before, may_run = Proof(module, seed, lab_digest(module)), set(first_runs), []
    for variant in shops:
        first = variant.kind == "wrong" and variant.name not in before
        if first and variant.patch and not is_committed(variant.patch):
            what = "it has never run, and its `Loses` is not committed yet"
            proof.findings.append(module.finding(variant.patch.path, 0, "first-run", what, "commit it, then run again"))
        else:
            may_run.append(variant)
    with closing(_run_all(module, may_run, seed, brief, RIGHT if alone else ())) as runs:
        for run in runs:
            _take(proof, run, say)
    return proof


@dataclass(frozen=True)
class Run:
    """What came of one shop and these checks (none: all): a report, or why they did not run. `seconds` it took."""

    variant: Variant
    select: tuple[str, ...]
    outcome: Report | CourseError | ValueError
    seconds: float


def _take(proof: Proof, run: Run, say: Say) -> None:
    """Judge what came of one shop, and add it to the proof."""
    module, variant = proof.module, run.variant
    if isinstance(run.outcome, Report):
        proof.reports.append((variant, run.outcome))
        found = list(judge(module, variant, run.outcome, run.select))
    else:
        place = variant.patch.path if variant.patch else module.lab
        what = f"{variant.name}: the checks did not run: {run.outcome}".rstrip(".")
        found = [module.finding(place, 0, "run", what, "mend that, then run again")]
    proof.findings += found
    outcome = f"{len(found)} finding{'' if len(found) == 1 else 's'}" if found else "as promised"
    say(f"{module.id}: {variant.name}: {outcome} ({run.seconds:.0f} s)")
    for finding in found:
        say(f"  {finding}")


def _run_all(
    module: ModuleContent, shops: list[Variant], seed: str, brief: bool, alone: Collection[str]
) -> Generator[Run, None, None]:
    """Run the shops, those of the kinds `alone` first. Trouble of ours beside others is met again alone, at the end."""
    from breakwater.checks.runner import suitable_workers

    yield from (_run(module, variant, (), seed) for variant in shops if variant.kind in alone)
    others = [variant for variant in shops if variant.kind not in alone]
    asked = [_must_lose(variant) if brief else () for variant in others]
    again = []
    engine = IMAGES if module.lab_table.get("builds") else "embedded"
    with ThreadPoolExecutor(suitable_workers(engine)) as pool, _ended_with_us() as runs:
        runs += [pool.submit(_run, module, *each, seed) for each in zip(others, asked, strict=True)]
        for run in (each.result() for each in runs):
            if isinstance(run.outcome, Report) and run.outcome.count(Verdict.UNKNOWN):
                again.append(run)
            else:
                yield run
    yield from (_run(module, run.variant, run.select, seed) for run in again)


def _must_lose(variant: Variant) -> tuple[str, ...]:
    return variant.patch.loses if variant.kind == "wrong" and variant.patch else ()


@contextmanager
def _ended_with_us() -> Iterator[list[Future[Run]]]:
    """Runs that other threads wait for: those that have not begun never do when this ends, and the others end."""
    from breakwater.checks.judges import give_up

    runs: list[Future[Run]] = []
    try:
        yield runs
    finally:
        begun = [run for run in runs if not run.cancel()]
        while wait(begun, timeout=0.05).not_done:
            give_up()


def _run(module: ModuleContent, variant: Variant, select: tuple[str, ...], seed: str) -> Run:
    begun = time.monotonic()
    outcome: Report | CourseError | ValueError
    try:
        outcome = run_variant(module, variant, seed, select)
    except (CourseError, ValueError) as error:
        outcome = error
    return Run(variant, select, outcome, time.monotonic() - begun)


def run_variant(module: ModuleContent, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
    """Lay the variant out and run these checks on it, one at a time, or all where none is named.

    Raises CourseError, or ValueError for a patch that does not fit.
    """
    from breakwater.checks.runner import CheckJob, run_checks

    with laid_out(module, variant) as shop:
        return run_checks(CheckJob(module.id, shop, hidden=True, seed=seed, select=select), workers=1)


def is_committed(patch: Patch) -> bool:
    """Whether git has the patch as it is; True as well where the content lies in no repository."""
    command = ["git", "status", "--porcelain", "--ignored", "--", patch.path.name]
    done = subprocess.run(command, cwd=patch.path.parent, capture_output=True, text=True)
    return done.returncode != 0 or not done.stdout.strip()


def prove_notebooks(module: ModuleContent) -> Iterator[Finding]:
    """What other packages hold of the contract: each entry point `breakwater.contract` gets the module's id.

    It returns findings: that the notebooks' own tests pass with the solutions, and fail as they are released.
    """
    for entry in entry_points(group=CONTRACT):
        if find_spec(entry.module.partition(".")[0]):
            yield from entry.load()(module.id)
