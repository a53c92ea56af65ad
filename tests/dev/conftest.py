"""A small content tree in which every static rule holds, for tests to break one thing at a time, and its answers."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakwater.checks.verdict import Report
from breakwater.dev import proof as proofs
from breakwater.dev.content import Content, ModuleContent
from breakwater.dev.digest import cells_digest, lab_digest, lesson_digest
from breakwater.dev.sources import read_checks
from breakwater.dev.static import check_course
from breakwater.dev.variants import Variant
from tests.dev.reports import F, P, report

ID = "42-lantern"

COURSE = """\
title = "A course"
summary = "One module."

[deadlines]
grace_hours = 1
late_percent_per_day = 10
late_days_at_most = 3

[[modules]]
id = "42-lantern"
title = "Lantern"
summary = "It goes out."
hours = 1
weight = 100
built = true
[modules.outcomes]
"lantern.light" = "Keep it lit."

[[tracks]]
id = "all"
title = "All"
summary = "All of it."
modules = ["42-lantern"]
"""

FLAWS = """\
[[flaw]]
id = "draught"
service = "orders"
module = "42-lantern"
summary = "A draught puts it out."
source = "observed"
checks = ["stays-lit"]
"""

LAB = """\
title = "Lantern"
module = "42-lantern"
outcomes = ["lantern.light"]
minutes = 30
services = ["orders"]
edits = ["orders"]
"""

HINTS = """\
[stays-lit]
hints = ["Where does the draught come from?", "Wind cools.", "Look at the glass.", "A chimney."]
"""

PUBLIC = '''\
import pytest


@pytest.mark.check("stays-lit")
@pytest.mark.points(2, outcome="lantern.light")
async def test_stays_lit(shop):
    """A draught does not put the lantern out."""
    assert shop, "the lantern went out after 2.0 s"
'''

HIDDEN = '''\
import pytest


@pytest.mark.check("42-h1")
@pytest.mark.points(1, outcome="lantern.light", needs=["stays-lit"])
async def test_stays_lit_in_rain(shop, seed):
    """Rain does not put the lantern out."""
    assert shop, "the lantern went out after 2.0 s"
'''

QUIZ = """\
[[question]]
id = "draught"
text = "What puts out a flame?"

[[question.option]]
answer = "A draught"
right = true
because = "It carries the heat away. The lantern went out."

[[question.option]]
answer = "The dark"
because = "One sees the flame best there. It burned on."
"""

LESSON = """\
# The lantern

It went out at 10:07.

## What you already know

<details><summary>What puts out a flame?</summary>

A draught.

</details>

<!-- quiz: draught -->

## Guess first

```python
predict("seconds", None)
```

```python
with shop.slow("orders", "payments", latency_s=1):
    shop.trace()
```

```python
predict.compare("seconds", 2)
```

## Two mends

See the [guide](../../labs/42-lantern/README.md), or go [back](#Guess-first).

```python exercise="glass"
def glass():
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
```

```python test="glass-public" points=1
assert glass() == 1, "it is open"
```

```python test="glass-hidden" points=1
### BEGIN HIDDEN TESTS
assert glass(), "it is open"
### END HIDDEN TESTS
```

## Yours

<!-- #region answer="own-shop" points=3 -->
What of yours?
<!-- #endregion -->

## A paper, and one question

Read it.
"""


ORDERS = """\
LIT = {lit}


def lit():
    return LIT


GLASS = {glass}
"""


class Tree:
    """A content tree under `root`, whose files are named relative to it."""

    id = ID

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def module(self) -> ModuleContent:
        return Content(self.root).find("42")

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def change(self, name: str, old: str, new: str) -> None:
        assert old in self.read(name), f"the sound tree has no {old!r} in {name}"
        self.write(name, self.read(name).replace(old, new, 1))

    def patch(self, name: str, files: dict[str, str], *, loses: str = "stays-lit", may_lose: str = "42-h1") -> None:
        """Write the answer `wrong/…` or `other/…` that turns the reference into `files`."""
        wrong = f"Misconception: glass does not matter\nLoses: {loses}\nMay lose: {may_lose}\n"
        head = f"Why: it is {name}\n{wrong if name.startswith('wrong') else ''}"
        with tempfile.TemporaryDirectory() as folder:
            shop = Tree(Path(folder))
            for source in (self.module.naive, self.module.reference):
                shutil.copytree(source, shop.root, dirs_exist_ok=True)
            git(shop.root, "init", "-q")
            git(shop.root, "add", "-A")
            for file, text in files.items():
                shop.write(file, text)
            body = git(shop.root, "diff", "--full-index")
        self.write(f"solutions/{ID}/{name}.patch", f"{head}\n{body}")

    def bless(self) -> None:
        """Make notebook, record and goldens those of the tree as it is."""
        module = self.module
        lessons = {lesson.stem: lesson_digest(lesson) for lesson in module.lessons}
        for stem, digest in lessons.items():
            self.write(f"modules/{ID}/{stem}.ipynb", json.dumps({"metadata": {"breakwater": {"source": digest}}}))
        checks = [{"grade": True, "grade_id": c.id, "points": c.points} for c in read_checks(module)]
        cells = [{"metadata": {"nbgrader": check}} for check in checks]
        self.write(f"modules/{ID}/lab.ipynb", json.dumps({"cells": cells}))
        record = {"digest": lab_digest(module), "cells": cells_digest(module), "clean": True}
        self.write(f"solutions/{ID}/record.json", json.dumps(record))
        self.write(f"solutions/{ID}/goldens.json", "{}")

    def findings(self) -> list[str]:
        content = Content(self.root)
        return [str(finding) for finding in check_course(content, content.modules())]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A content tree without a finding."""
    tree = Tree(tmp_path / "course")
    for name, text in SOUND.items():
        tree.write(name, text)
    for name, glass in (("thin", 0), ("thick", 9), ("none", None)):
        tree.patch(f"wrong/{name}", {"orders/app/main.py": ORDERS.format(lit=False, glass=glass)})
    tree.patch("other/chimney", {"orders/app/main.py": ORDERS.format(lit=True, glass=2)})
    tree.bless()
    return tree


@pytest.fixture(name="git")
def _git() -> Callable[..., str]:
    return git


def git(folder: Path, *command: str) -> str:
    """Run git there, and return what it prints."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@invalid", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


SOUND = {
    "course.toml": COURSE,
    "solutions/flaws.toml": FLAWS,
    "labs/boxoffice/orders/app/main.py": ORDERS.format(lit=False, glass=None),
    f"labs/{ID}/lab.toml": LAB,
    f"labs/{ID}/README.md": "# Lantern\n",
    f"labs/{ID}/hints.toml": HINTS,
    f"labs/{ID}/checks/test_public.py": PUBLIC,
    f"solutions/{ID}/checks/test_hidden.py": HIDDEN,
    f"solutions/{ID}/lesson.md": LESSON,
    f"solutions/{ID}/quiz.toml": QUIZ,
    f"solutions/{ID}/boxoffice/orders/app/main.py": ORDERS.format(lit=True, glass=1),
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the checks will say about each variant, instead of running them; an exception is raised."""
    told: dict[str, Any] = {}

    def run(module: object, variant: Variant, seed: str, select: tuple[str, ...]) -> Report:
        answer = told[variant.name]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Report)
        return replace(answer, checks=tuple(check for check in answer.checks if not select or check.id in select))

    monkeypatch.setattr(proofs, "run_variant", run)
    return told


@pytest.fixture
def sound(answers: dict[str, Any]) -> dict[str, Any]:
    answers |= {"naive": report(F, F, "went out after 5.2 s", 8.0), "reference": report(P, P, "lit for 9 s", 0.5)}
    answers["other/chimney"] = report(P, P, wait_s=0.8)
    answers |= {f"wrong/{name}": report(F, P, "went out after 1.0 s", 6.0) for name in ("none", "thick", "thin")}
    return answers
