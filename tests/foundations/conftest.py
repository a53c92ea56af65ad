"""A small course of its own for each test: a naive shop of two folders, one module, an empty `work/`."""

import json
from pathlib import Path

import pytest

from breakwater import paths

SYLLABUS = """
title = "A small course"
summary = "For tests."
[deadlines]
grace_hours = 1
late_percent_per_day = 10
late_days_at_most = 5
[[modules]]
id = "01-programming"
title = "Programming"
summary = "Not built."
hours = 8
weight = 50
outcomes = {}
[[modules]]
id = "09-resilience"
title = "Resilience"
summary = "Built."
hours = 9
weight = 50
built = true
[modules.outcomes]
"resilience.timeout" = "Bound every wait."
[[modules]]
id = "10-observability"
title = "Observability"
summary = "Built."
hours = 8
weight = 0
built = true
outcomes = {}
"""
LAB = """
title = "Payments answer late"
module = "09-resilience"
outcomes = ["resilience.timeout"]
minutes = 90
services = ["gateway", "orders"]
edits = ["orders"]
[budgets]
answer_s = 2.5
"""


def notebook(text: str) -> str:
    """A notebook with one code cell."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def write(files: dict[Path, str]) -> None:
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a small course; `paths` leads there, and `work/` is absent."""
    root = tmp_path / "course"
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(paths, "COURSE_TOML", root / "course.toml")
    for name in ("LABS", "MODULES", "SOLUTIONS"):
        monkeypatch.setattr(paths, name, root / name.lower())
    monkeypatch.setattr(paths, "BOXOFFICE", root / "labs" / "boxoffice")
    monkeypatch.setenv("BREAKWATER_WORK", str(root / "work"))
    monkeypatch.setenv("HOME", str(tmp_path))  # a machine without a git identity
    write(
        {
            root / "course.toml": SYLLABUS,
            root / "labs/boxoffice/compose.yaml": "services: {}\n",
            root / "labs/boxoffice/orders/app.py": "WAIT_S = None\n",
            root / "labs/boxoffice/gateway/app.py": "naive = True\n",
            root / "labs/09-resilience/lab.toml": LAB,
            root / "labs/09-resilience/README.md": "# The guide\n",
            root / "modules/09-resilience/lesson.ipynb": notebook("1 + 1"),
            root / "solutions/09-resilience/boxoffice/orders/app.py": "WAIT_S = 2\n",
        }
    )
    return root
