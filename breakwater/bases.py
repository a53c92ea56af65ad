"""What a lab can start from: one's own shop, the naive one, or the module's reference."""

import shutil
from pathlib import Path
from typing import Literal

from breakwater import paths
from breakwater.errors import BadInput

Base = Literal["mine", "naive", "reference"]

# Traces of running and editing: no part of anybody's shop.
CRUMBS = ("__pycache__", "*.pyc", ".git", ".venv", ".ipynb_checkpoints", ".*_cache", ".DS_Store", "node_modules")


def copy_base(base: Base, module_id: str, target: Path) -> None:
    """Make `target` a fresh copy of the naive shop or, for `reference`, of the naive shop with the module's mends.

    Raises:
        BadInput: the reference is not here.
    """
    shutil.copytree(paths.BOXOFFICE, target, ignore=shutil.ignore_patterns(*CRUMBS))
    if base == "reference":
        shutil.copytree(reference(module_id), target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*CRUMBS))


def reference(module_id: str) -> Path:
    """The folder with the module's mended files, at the shop's own paths.

    Raises:
        BadInput: it is not here, as in a learner's copy before the instructor has released it.
    """
    folder = paths.SOLUTIONS / module_id / "boxoffice"
    if not folder.is_dir():
        raise BadInput(
            f"The reference of {module_id} is not in this copy of the course; an instructor may release it after the "
            f"deadline, as solutions/{module_id}/boxoffice/. Until then: course start {module_id} --base naive"
        )
    return folder


def is_crumb(path: Path) -> bool:
    """Whether a part of the path is a trace of running or editing."""
    return any(Path(part).match(pattern) for part in path.parts for pattern in CRUMBS)
