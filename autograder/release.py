"""`course release`: from the lessons to what learners get.

`solutions/NN-topic/lesson*.md` → (staging, by allow-list) `build/source/NN-topic/*.ipynb` → (nbgrader) →
`modules/NN-topic/*.ipynb`, which is committed. nbgrader copies into a release every file that lies beside a source
notebook; so its source is a folder that holds only what is listed here.
"""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from autograder import markup
from autograder.classroom import LAB
from autograder.labs import labbook
from breakwater import paths, syllabus
from breakwater.errors import BadInput, EngineTrouble
from breakwater.toml import shown

LEARNERS = (
    *("README.md", "LICENSE", "LICENSE-CONTENT", "Makefile", ".ci", "pyproject.toml", "requirements.lock"),
    *(
        "requirements-lab.lock",
        "requirements-core.lock",
        "requirements-uv.lock",
        ".gitignore",
        ".python-version",
        "course.toml",
        "docker-compose.yml",
        "mkdocs.yml",
        "CHANGELOG.md",
        "pictures",
    ),
    *("modules", "labs", "breakwater", "site"),
)
EPOCH = (1980, 1, 1, 0, 0, 0)
_PICTURE = re.compile(r"!\[[^\]]*\]\(<?(?P<file>[^)\s>]+)>?[^)]*\)|<img\b[^>]*\bsrc=\"(?P<src>[^\"]+)\"")


def release(name: str | None = None) -> list[Path]:
    """Release one module (or, with None, each that is built) and pack `build/learner.zip`; return the notebooks.

    Raises:
        BadInput: a lesson or check is wrong; one line with file, line and remedy.
    """
    plan = syllabus.load()
    modules = [plan.find_built(name)] if name else plan.built
    made = [notebook for module in modules for notebook in release_module(module.id)]
    pack_learner(paths.BUILD / "learner.zip")
    return made


def release_module(module: str) -> list[Path]:
    """Stage one module and let nbgrader make the release of it."""
    stage(module, paths.BUILD / "source" / module)
    from autograder import pipeline  # this takes seconds, and a mistake in a lesson is told before

    pipeline.generate(module, paths.BUILD / "source", paths.MODULES)
    return sorted((paths.MODULES / module).glob("*.ipynb"))


def stage(module: str, into: Path, key: str = "") -> None:
    """Write a module's source notebooks, and the pictures that they show, into a folder that is emptied first.

    `key` is the class's public key, where this is for a class (see `signing`).
    """
    made = dict(notebooks(module, key))
    shutil.rmtree(into, ignore_errors=True)
    for name, notebook in made.items():
        write_notebook(notebook, into / f"{name}.ipynb")
    for notebook in made.values():
        for picture in _pictures(notebook):
            _copy_picture(paths.SOLUTIONS / module, picture, into)


def notebooks(module: str, key: str = "") -> Iterator[tuple[str, Any]]:
    """A module's source notebooks, by name: its lessons, and its lab. Raises BadInput."""
    lessons = sorted((paths.SOLUTIONS / module).glob("lesson*.md"))
    if not lessons:
        folder = shown(paths.SOLUTIONS / module)
        raise BadInput(
            f"{folder} has no lesson*.md to release. An instructor's clone has solutions/; this one lacks it."
        )
    taken: dict[str, str] = {}
    for lesson in lessons:
        yield lesson.stem, markup.to_notebook(lesson, taken)
    if (paths.LABS / module / "lab.toml").exists():
        yield LAB, labbook.to_notebook(module, key)


def write_notebook(notebook: Any, file: Path) -> None:
    """Write a notebook so that equal notebooks are equal files."""
    import nbformat

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")


def _pictures(notebook: Any) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for found in _PICTURE.finditer(cell.source):
                target = found["file"] or found["src"]
                if not re.match(r"[a-z]+:", target) and not target.startswith("#"):
                    yield target.partition("#")[0]


def _copy_picture(folder: Path, name: str, into: Path) -> None:
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or not (folder / place).is_file():
        raise BadInput(f"{shown(folder)}: a lesson shows `{name}`, and there is no such file beside it.")
    (into / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / place, into / place)


def pack_learner(target: Path) -> None:
    """Pack what a class is given: the tracked files under the names in LEARNERS. Equal content, equal archive.

    Raises:
        EngineTrouble: git cannot list them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(name for name in _tracked() if name.split("/")[0] in LEARNERS):
            file = paths.ROOT / name
            if file.is_symlink() or not file.is_file():
                continue
            info = zipfile.ZipInfo(f"breakwater/{name}", EPOCH)
            info.create_system = 3
            info.external_attr = (0o100755 if file.stat().st_mode & 0o100 else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(info, file.read_bytes())
    half.replace(target)


def _tracked() -> list[str]:
    """Every file that git tracks, and the released notebooks, tracked yet or not."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--", "."]
    try:
        listed = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise EngineTrouble("git cannot list the course's files, so build/learner.zip is not packed.") from None
    released = (path.relative_to(paths.ROOT).as_posix() for path in paths.MODULES.rglob("*") if path.is_file())
    return sorted({*listed.split("\0"), *released} - {""})
