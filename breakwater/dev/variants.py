"""Laying out a variant of the shop: the naive one, the reference, or the reference with a patch."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from breakwater.dev.content import ModuleContent
from breakwater.dev.patches import Patch, base_file, read_patches


@dataclass(frozen=True)
class Variant:
    """One shop to be judged. `kind` is naive, reference, other or wrong; only the last two have a patch."""

    kind: str
    patch: Patch | None = None

    @property
    def name(self) -> str:
        return self.patch.name if self.patch else self.kind


def variants(module: ModuleContent) -> list[Variant]:
    """All that a module's checks are judged by, in the order in which they are run."""
    patches = [patch for kind in ("other", "wrong") for patch in read_patches(module, kind)]
    return [Variant("naive"), Variant("reference"), *(Variant(patch.kind, patch) for patch in patches)]


@contextmanager
def laid_out(module: ModuleContent, variant: Variant) -> Iterator[Path]:
    """Yield a folder that holds the variant's whole shop; it is gone afterwards.

    Raises ValueError where its patch does not apply.
    """
    from breakwater.checks.runner import lay_over

    with tempfile.TemporaryDirectory(prefix="course-dev-") as folder:
        files = None if variant.kind == "naive" else module.reference
        shop = lay_over(files, Path(folder) / "shop", base=module.naive)
        if variant.patch:
            apply(variant.patch, shop)
        yield shop


def apply(patch: Patch, shop: Path) -> None:
    """Apply a patch to the shop in a folder. Raises ValueError with git's first line where it does not fit."""
    done = git_apply(patch, shop)
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[0])


def patch_applies(module: ModuleContent, patch: Patch) -> bool:
    """Whether git can apply the patch to today's reference; only the files that it touches are laid out."""
    with tempfile.TemporaryDirectory(prefix="course-dev-") as folder:
        for file in patch.files:
            if source := base_file(module, file):
                target = Path(folder) / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        return git_apply(patch, Path(folder), "--check").returncode == 0


def git_apply(patch: Patch, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `git apply` in a folder, whatever repository that folder may lie in."""
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent), "LC_ALL": "C"}
    command = ["git", "apply", *options, "-"]
    return subprocess.run(command, cwd=folder, input=patch.body, env=environment, capture_output=True, text=True)
