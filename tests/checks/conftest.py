"""A judge for checks that are given as text. Makes the helpers beside importable (the tests run in importlib mode)."""

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from breakwater import paths
from breakwater.checks.verdict import CheckResult

sys.path.insert(0, str(Path(__file__).parent))

import designs
from judging import judged

HEAD = "import asyncio, json, pytest, time, httpx\n\n"
Judge = Callable[..., dict[str, CheckResult]]


@pytest.fixture
def judge(tmp_path, monkeypatch) -> Judge:
    """Judge a modelled shop by checks that are given as text."""
    monkeypatch.setattr(paths, "LABS", tmp_path / "labs")
    monkeypatch.setattr(paths, "SOLUTIONS", tmp_path / "solutions")
    folder = paths.LABS / "77-topic" / "checks"
    folder.mkdir(parents=True)

    def judge(text: str, design=designs.settles_later, **job) -> dict[str, CheckResult]:
        (folder / "test_public.py").write_text(HEAD + textwrap.dedent(text))
        return judged(design, "77-topic", **job)

    return judge
