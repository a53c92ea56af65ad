"""The contributor's page, followed to the letter in a copy of the course."""

import os
import re
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from breakwater import paths

PAGE = paths.ROOT / "site" / "add-a-module.md"
CONTENT = ("course.toml", "labs/99-night/", "solutions/99-night/", "site/", "build/")
SCRIPT = "#!{python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what git knows or would add, with a Python of its own whose `breakwater` is the copy's."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        if not name.startswith("tests/") and (paths.ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(paths.ROOT / name, tmp_path / name)
    venv.create(tmp_path / ".venv", symlinks=True)
    (site,) = (tmp_path / ".venv").glob("lib/python*/site-packages")
    (site / "course.pth").write_text(f"{tmp_path}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    for name, module, function in (("course", "breakwater.cli", "main"), ("mkdocs", "mkdocs.__main__", "cli")):
        script = tmp_path / ".venv" / "bin" / name
        script.write_text(SCRIPT.format(python=tmp_path / ".venv/bin/python", module=module, function=function))
        script.chmod(0o755)
    return tmp_path


def commands() -> list[str]:
    """The page's commands, in order, but for the one that sets up a machine: here the copy has its packages."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    assert lines[:2] == ["make setup", ". .venv/bin/activate"]
    return lines[1:]


def files(root: Path) -> dict[str, bytes]:
    kept = (path for path in root.rglob("*") if path.is_file() and not {".venv", "__pycache__"} & set(path.parts))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in kept}


def test_following_the_page_gives_a_module_that_is_listed_checked_and_shown(copy: Path) -> None:
    before = files(copy)
    said = {}
    *steps, check = commands()
    for number, command in enumerate([*steps, check]):
        line = f". .venv/bin/activate && {command}"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("BREAKWATER", "PYTHON"))
        }
        done = subprocess.run(["bash", "-c", line], cwd=copy, env=environment, capture_output=True, text=True)
        said[command] = done.stdout
        assert done.returncode == (command == check), f"{number}: {command}\n{done.stdout}{done.stderr}"
    assert "99-night" in said["course syllabus"]
    assert re.search(r"^labs/99-night/README\.md:\d+: to-write: ", said[check], re.M), said[check]
    assert (copy / "build/site/modules/99-night/lab.html").is_file()
    assert "99 Night" in (copy / "build/site/syllabus.html").read_text(encoding="utf-8")
    changed = {name for name, data in files(copy).items() if before.get(name) != data}
    assert not [name for name in changed if not name.startswith(CONTENT)], "no file of the platform changes"


def test_the_page_lists_what_the_scaffold_writes(copy: Path) -> None:
    subprocess.run([copy / ".venv/bin/course", "dev", "new", "99-night"], cwd=copy, check=True, capture_output=True)
    listed = set(re.findall(r"^\| `((?:labs|solutions)/99-night/[^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.M))
    written = {name for name in files(copy) if "/99-night/" in name}
    assert listed == written
