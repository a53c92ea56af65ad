"""How tests are shared out where several run at a time (pytest-xdist): what begins, and what runs beside what."""

from collections import OrderedDict
from collections.abc import Collection

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# Where submissions run, or a fork bomb: as one user, whose limits all of them share.
SANDBOX = (
    "tests/autograder/",
    "tests/demo/",
    "tests/hostile/",
    "tests/dev/test_notebooks.py",
    "tests/engines/test_isolation.py",
)
CONTAINERS = "tests/compose/"
# Scopes of a minute or more, the longest first: whoever begins with them does not end with one of them alone.
LONG = (
    "containers",
    "sandbox",
    "tests/notebook/test_lessons.py",
    "tests/checks/test_designs.py",
    "tests/boxoffice/test_right_answers.py",
    "tests/checks/test_runner.py",
)


def scope_of(file: str) -> str:
    """What runs one after another with a file's tests: what uses the sandbox, or containers, or the file alone."""
    if file.startswith(SANDBOX):
        return "sandbox"
    return "containers" if file.startswith(CONTAINERS) else file


def next_scope(waiting: Collection[str], running: Collection[str]) -> str:
    """Choose what to begin while `running` runs: what is long, or else the first.

    Beside containers it is what is short: nothing tells a shop in containers that was starved from one that is slow.
    """
    long = [scope for scope in LONG if scope in waiting]
    short = [scope for scope in waiting if scope not in LONG]
    return [*short, *long][0] if "containers" in running else [*long, *short][0]


class ByWhatIsShared(LoadFileScheduling):
    """A file's tests run one after another, for what they share; and so do all of a scope."""

    workqueue: "OrderedDict[str, dict[str, bool]]"

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(str(super()._split_scope(nodeid)))

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = (work for other, work in self.assigned_work.items() if other is not node)
        running = {scope for work in others for scope, tests in work.items() if not all(tests.values())}
        self.workqueue.move_to_end(next_scope(self.workqueue, running), last=False)
        super()._assign_work_unit(node)
