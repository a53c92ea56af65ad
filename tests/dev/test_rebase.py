"""Answers follow a reference that moves."""

from typing import Any

import pytest

from breakwater.dev.patches import read_patches, still_fits
from breakwater.dev.rebase import rebase_patches
from breakwater.dev.variants import patch_applies

FILE = "solutions/42-lantern/boxoffice/orders/app/main.py"
OTHER = "solutions/42-lantern/other/chimney.patch"


@pytest.fixture
def committed(tree: Any, git: Any) -> Any:
    """A tree whose reference is in git, so that a three-way merge finds what both sides began with."""
    git(tree.root, "init", "-q")
    git(tree.root, "add", "-A")
    git(tree.root, "commit", "-q", "-m", "before")
    return tree


def test_what_fits_is_left_alone(committed: Any) -> None:
    before = committed.read(OTHER)
    assert rebase_patches(committed.module) == []
    assert committed.read(OTHER) == before


def test_a_patch_follows_a_change_beside_its_own(committed: Any) -> None:
    committed.change(FILE, "return LIT", "return bool(LIT)")
    (before,) = read_patches(committed.module, "other")
    assert not patch_applies(committed.module, before)
    said: list[str] = []
    rebase_patches(committed.module, say=said.append)
    (after,) = read_patches(committed.module, "other")
    assert still_fits(committed.module, after)
    assert after.head == before.head
    assert f"rewrote {OTHER}" in said


def test_a_conflict_is_left_to_a_person_and_taken_up_afterwards(committed: Any) -> None:
    committed.change(FILE, "GLASS = 1", "GLASS = 5")
    (finding, *_) = [one for one in rebase_patches(committed.module) if one.file == OTHER]
    assert finding.what == "it and the reference changed the same lines of orders/app/main.py"
    assert finding.remedy == "edit the files in build/rebase/42-lantern/other/chimney, then course dev rebase 42 again"
    committed.write("build/rebase/42-lantern/other/chimney/orders/app/main.py", "GLASS = 7\n")
    rebase_patches(committed.module)
    (other,) = read_patches(committed.module, "other")
    assert still_fits(committed.module, other)
    assert "+GLASS = 7" in other.body
    assert other.header["Why"] == "it is other/chimney"
    assert not (committed.root / "build/rebase/42-lantern/other/chimney").exists()


def test_a_reference_that_was_never_committed_is_left_to_a_person(tree: Any) -> None:
    tree.change(FILE, "GLASS = 1", "GLASS = 5")
    (finding, *_) = [one for one in rebase_patches(tree.module) if one.file == OTHER]
    assert finding.what == "it could not be applied, and nothing is changed by hand yet"
