"""Running checks on a modelled shop: in this process, or (as a script) one design on a lab's own checks."""

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from _pytest.assertion.rewrite import AssertionRewritingHook

sys.path.insert(0, str(Path(__file__).parent))

import designs
import page_designs
from model import Design, ModelEngine

from breakwater.checks.__main__ import run_pytest
from breakwater.checks.job import CheckJob
from breakwater.checks.processors import Look
from breakwater.checks.verdict import CheckResult, result_from


def judged(
    design: Design, module: str, *, engine: ModelEngine | None = None, shop: Path | None = None, **job: Any
) -> dict[str, CheckResult]:
    """The results by id, in the order in which they came. `shop` is a folder with files. Raises what the judge does."""
    results: dict[str, CheckResult] = {}

    def write(kind: str, data: Any) -> None:
        if kind == "check":
            result = result_from(data)
            results[result.id] = result

    # A model has no processes whose share of the processors could be counted.
    uncounted = patch.object(Look, "now", return_value=Look(0.0, {}, {}, 0.0))
    with engine or ModelEngine(design) as running, tempfile.TemporaryDirectory() as empty, _no_rewriting(), uncounted:
        run_pytest(CheckJob(module, shop or Path(empty), **job), running, write)
    return results


@contextlib.contextmanager
def _no_rewriting() -> Iterator[None]:
    """Put away the import hook of the pytest that runs these tests: the judge's own process has none."""
    finders = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in finders if not isinstance(finder, AssertionRewritingHook)]
    yield
    sys.meta_path[:] = finders


def judged_apart(shop: str, module: str, checks: Collection[str] = ()) -> dict[str, CheckResult]:
    """As `judged`, in a process of its own: several can run side by side. All checks, or those of these ids.

    `shop` is the name of a design, or of a shop in `page_designs`.
    """
    command = [sys.executable, __file__, shop, module, *sorted(checks)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return {row["id"]: result_from(row) for row in json.loads(run.stdout.splitlines()[-1])}


def _engine(shop: str) -> ModelEngine:
    made = {**page_designs.RIGHT, **{name: how for name, (how, _) in page_designs.WRONG.items()}}.get(shop)
    if made is None:
        made = {"design": getattr(designs, shop)}
    return ModelEngine(**{"design": designs.settles_later, **made})


if __name__ == "__main__":
    found: dict[str, CheckResult] = {}
    for select in [(check,) for check in sys.argv[3:]] or [()]:
        found |= judged(designs.settles_later, sys.argv[2], engine=_engine(sys.argv[1]), hidden=True, select=select)
    print(json.dumps([dataclasses.asdict(result) for result in found.values()]))
