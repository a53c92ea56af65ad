"""Each lesson, with its solutions, runs from top to bottom on a real shop, as a learner would run it."""

import asyncio
import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from autograder.markup import to_notebook
from breakwater import paths

LESSONS = sorted(paths.SOLUTIONS.glob("*/lesson*.md"))
CELL_S = 180
AT_A_TIME = 2  # a lesson mostly waits
pytestmark = pytest.mark.shop


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Any]:
    """Each lesson that is tested: its notebook as it ran, or the error that ended it."""
    lessons = [item.callspec.params["lesson"] for item in request.session.items if item.path == request.path]  # type: ignore[attr-defined]
    return asyncio.run(_run_all(lessons, tmp_path_factory.mktemp("lessons")))


async def _run_all(lessons: list[Path], where: Path) -> dict[Path, Any]:
    turn = asyncio.Semaphore(AT_A_TIME)

    async def run(lesson: Path) -> tuple[Path, Any]:
        async with turn:
            try:
                return lesson, await _run(lesson, where / lesson.stem)
            except Exception as error:
                return lesson, error

    # The later ones are longer: they begin.
    return dict(await asyncio.gather(*map(run, reversed(lessons))))


def _run(lesson: Path, work: Path) -> Awaitable[Any]:
    from nbclient import NotebookClient

    folder = work / lesson.parent.name
    folder.mkdir(parents=True)
    client = NotebookClient(to_notebook(lesson), timeout=CELL_S, resources={"metadata": {"path": str(folder)}})
    return client.async_execute(env={**os.environ, "BREAKWATER_WORK": str(work)})


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.stem for lesson in LESSONS])
def test_a_lesson_runs_from_top_to_bottom(lesson: Path, ran: dict[Path, Any]) -> None:
    notebook = ran[lesson]
    if isinstance(notebook, Exception):
        raise notebook
    shown = [kind for cell in notebook.cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert {"text/html", "text/markdown"} & set(shown), "neither a plot nor a trace was shown"
