"""How sure a verdict is: every shop of a module through its checks, again and again, on an idle machine and a busy one.

Each run is added to the module's record, so that it can be stopped and gone on with: what the record holds already, of
the content as it is, is not run again. Right answers meet all checks, and wrong ones those that they must lose; only
the first run of a content is whole, and draws from the seed of `course dev record`. *Busy* means two processes that
spin, at normal priority, beside whatever else the machine does. It takes hours.
    python -m bench.flake --module 09
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from breakwater.cli._out import note
from breakwater.cli.dev import ANY_SEED
from breakwater.dev.content import Content, ModuleContent
from breakwater.dev.digest import lab_digest
from breakwater.dev.proof import prove_module
from breakwater.dev.record import read_record, summary, write_record
from breakwater.errors import CourseError

SPINNING = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", required=True, metavar="NN", help="09, resilience or 09-resilience")
    parser.add_argument("--idle", type=int, default=5, help="runs with nothing beside")
    parser.add_argument("--busy", type=int, default=5, help=f"runs beside {SPINNING} processes that spin")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        module = Content().find(options.module)
        for load, wanted in (("idle", options.idle), ("busy", options.busy)):
            with spinning(SPINNING if load == "busy" else 0):
                add_runs(module, load, wanted)
        record = read_record(module)
    except CourseError as error:
        sys.exit(f"{error}")
    print(json.dumps(figures(record), indent=2) if options.json else f"{module.id}: {summary(record)}")


def add_runs(module: ModuleContent, load: str, wanted: int) -> None:
    """Run everything until the record holds `wanted` runs under this load. Raises CourseError."""
    record = read_record(module)
    so_far = record.get("loads", {}).get(load, 0) if record.get("digest") == lab_digest(module) else 0
    for run in range(so_far, wanted):
        note(f"{module.id}: {load} run {run + 1} of {wanted}")
        # What no chance has a part in is proved by the first run of this content.
        is_first = read_record(module).get("digest") != lab_digest(module)
        seed = ANY_SEED if is_first else f"{load}-{run}-{time.time():.0f}"
        proof = prove_module(module, seed=seed, brief=not is_first, say=note)
        note(f"{module.id}: {summary(write_record(proof, load=load))}")


def figures(record: dict[str, Any]) -> dict[str, Any]:
    """Verdicts given, wrong and unknown; the bound on the rate of wrong ones; the thinnest margins on both sides."""
    given, wrong, unknown = (
        sum(row[key] for row in record["verdicts"].values()) for key in ("given", "wrong", "unknown")
    )
    sides = {side: [m[side] for m in record["margins"] if m[side] is not None] for side in ("inside", "outside")}
    return {
        "module": record["module"],
        "runs": record["loads"],
        "verdicts": given,
        "wrong": wrong,
        "unknown": unknown,
        "wrong_below": 3 / given if given and not wrong else None,
        "thinnest_margin": {side: min(ratios, default=None) for side, ratios in sides.items()},
    }


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """Keep so many processors busy meanwhile. The spinning ends with us, however we end."""
    spin = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(10_000))"
    processes = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
