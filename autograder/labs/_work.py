"""Inside a job: lay a submitted shop over a fresh one, run the checks on it, print what came out.

Reads one object of JSON on stdin (`module`, `shop`, `seed`, `isolate`, `select`), and prints one a line: each `check`
once its verdict stands, so that it is known whatever becomes of the job; at the end a `report`, or the `refusal` of the
shop or its checks, or the `trouble` that kept us from judging.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from breakwater.checks.verdict import CheckResult


def main() -> None:
    from breakwater.checks.runner import CheckJob, lay_over, run_checks
    from breakwater.errors import BadInput, CourseError

    task = json.load(sys.stdin)
    here = Path(os.environ["TMPDIR"])
    nothing = here / "nothing"
    nothing.mkdir()
    try:
        shop = Path(task["shop"])
        # A whole shop stands as it is. What has no description of a shop is files to lay over the naive one.
        base = {"base": nothing} if (shop / "compose.yaml").is_file() else {}
        laid = lay_over(shop, here / "shop", **base)
        told = {"seed": task["seed"], "isolate": task["isolate"], "select": tuple(task["select"])}
        job = CheckJob(task["module"], laid, hidden=True, **told)
        # One check at a time, as the margins of the checks are measured.
        said: dict[str, object] = {"report": run_checks(job, on_result=_tell, workers=1).to_json()}
    except BadInput as error:
        said = {"refusal": str(error)}
    except CourseError as error:
        said = {"trouble": str(error)}
    print(json.dumps(said))


def _tell(result: "CheckResult") -> None:
    print(json.dumps({"check": asdict(result)}), flush=True)


if __name__ == "__main__":
    main()
