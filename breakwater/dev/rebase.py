"""`course dev rebase NN`: when the reference moves, the answers made against it move along.

Each patch is applied three-way to today's reference: what it changed, and what the reference changed meanwhile, are
merged from the version that both began with, which is taken from the project's own git objects. Where the two
changed the same lines, or that version was never committed, a person decides: a folder stays under
build/rebase/NN-topic/, a git repository whose HEAD is the reference; edit the files there and run the command again.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from breakwater.dev.content import ModuleContent
from breakwater.dev.finding import Finding, relative
from breakwater.dev.patches import Patch, read_patches, still_fits
from breakwater.dev.proof import Say

_AUTHOR = ("-c", "user.name=course", "-c", "user.email=course@invalid", "-c", "commit.gpgsign=false")


def rebase_patches(module: ModuleContent, *, say: Say = lambda _: None) -> list[Finding]:
    """Rewrite every patch of the module that no longer fits; return what a person has to decide."""
    return [
        finding
        for kind in ("other", "wrong")
        for patch in read_patches(module, kind)
        for finding in _rebase(module, patch, say)
    ]


def _rebase(module: ModuleContent, patch: Patch, say: Say) -> Iterator[Finding]:
    folder = module.root / "build" / "rebase" / module.id / patch.name
    by_hand = folder.exists()
    if not by_hand and still_fits(module, patch):
        return
    if not by_hand:
        _lay_reference(module, folder)
        # --3way keeps both sides of a conflict in the file, between marks.
        _git(folder, "apply", "--3way", "--whitespace=nowarn", "-", text=patch.body)
    _git(folder, "add", "--all", "--force")
    body = _git(folder, "diff", "--cached", "--full-index", "--binary", "HEAD").stdout
    where = relative(folder, module.root)
    if open_question := _open_question(folder, body):
        remedy = f"edit the files in {where}, then course dev rebase {module.number} again"
        yield module.finding(patch.path, 0, "patch-rebase", open_question, remedy)
        return
    patch.path.write_text(patch.head + body, encoding="utf-8")
    shutil.rmtree(folder)
    say(f"rewrote {relative(patch.path, module.root)}")


def _open_question(folder: Path, body: str) -> str:
    """Why a person must look, or nothing."""
    marked = _git(folder, "grep", "--name-only", "-e", "^<<<<<<< ").stdout.split()
    if marked:
        return f"it and the reference changed the same lines of {', '.join(marked)}"
    return "" if body else "it could not be applied, and nothing is changed by hand yet"


def _lay_reference(module: ModuleContent, folder: Path) -> None:
    """A repository whose HEAD is the reference shop, and which sees the project's objects."""
    for source in (module.naive, module.reference):
        if source.exists():
            shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    _git(folder, "init", "--quiet")
    objects = _git(module.root, "rev-parse", "--path-format=absolute", "--git-path", "objects").stdout.strip()
    if objects:
        (folder / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
    _git(folder, "add", "--all", "--force")
    _git(folder, *_AUTHOR, "commit", "--quiet", "--message", "The reference")


def _git(folder: Path, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {"LC_ALL": "C"}
    return subprocess.run(
        ["git", *command], cwd=folder, input=text, env=environment, capture_output=True, text=True, check=False
    )
