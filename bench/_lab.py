"""What judging one submitted shop costs beyond what its checks take.

The reference of module 09 is judged as a submission is: by all checks, in a job of the sandbox, with a PostgreSQL and
services of its own. What that takes, less what each check took, is the overhead: most of it is the shop's start.
"""

import time
from pathlib import Path
from typing import Any

from autograder.labs import judge as lab_judge
from breakwater import paths
from breakwater.checks.runner import lay_over

MODULE = "09-resilience"


def lab(folder: Path) -> dict[str, Any]:
    """`wall_s` of judging a shop, `checks_s` that its checks took, `overhead_s` the rest, `start_s` that the shop's
    start took of this; `failed`, which checks it did not pass."""
    shop = lay_over(paths.SOLUTIONS / MODULE / "boxoffice", folder / "shop")
    began = time.perf_counter()
    report = lab_judge.judge(MODULE, shop, "bench").report
    wall_s = time.perf_counter() - began
    checks_s = sum(check.seconds for check in report.checks if check.max_points)
    start_s = sum(check.seconds for check in report.checks if not check.max_points)
    return {
        "wall_s": round(wall_s, 2),
        "checks_s": round(checks_s, 2),
        "overhead_s": round(wall_s - checks_s, 2),
        "start_s": round(start_s, 2),
        "failed": [check.id for check in report.checks if check.verdict != "passed"],
    }
