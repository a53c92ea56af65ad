"""What sets up a machine: locks that fit the project, and a script that says what is missing."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from breakwater import paths

LOCKS = ("requirements.lock", "requirements-lab.lock", "requirements-core.lock", "requirements-uv.lock")
TOOLS = ("sh", "env", "cat", "cksum", "cmp", "cp", "dirname", "git", "grep", "mkdir", "mv", "rm")


def pins(lock: str) -> dict[str, str]:
    text = (paths.ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (paths.ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^-|@ ", text, re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9.-]+==[^ ]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_the_smaller_locks_are_parts_of_the_whole() -> None:
    whole, lab, core = pins(LOCKS[0]), pins(LOCKS[1]), pins(LOCKS[2])
    assert core.items() <= lab.items() <= whole.items()
    assert "jupyterlab" in lab.keys() - core.keys()
    assert "ruff" in whole.keys() - lab.keys()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
    asked = {name for group in (*extras.values(), *groups.values()) for name in map(_name, group)} - {"breakwater"}
    assert asked <= pins(LOCKS[0]).keys() | pins(LOCKS[3]).keys()
    assert {_name(line) for line in extras["core"]} <= pins(LOCKS[2]).keys()


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-").replace(".", "-")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with nothing but a shell's tools and a copy of what sets the course up; returns its `bin`."""
    own = tmp_path / "bin"
    own.mkdir()
    for tool in TOOLS:
        (own / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool}"))
    (tmp_path / "course" / ".ci").mkdir(parents=True)
    for name in (".ci/install", "pyproject.toml", *LOCKS):
        shutil.copy(paths.ROOT / name, tmp_path / "course" / name)
    return own


def install(machine: Path) -> str:
    """Run the script on that machine; return the line with which it fails."""
    script = machine.parent / "course" / ".ci" / "install"
    done = subprocess.run([script, "core"], env={"PATH": str(machine)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def python(machine: Path, *, version: str) -> None:
    """Put a Python there that says it is `version`, and that has no modules."""
    new_enough = 0 if tuple(map(int, version.split("."))) >= (3, 11) else 1
    script = f"""#!/bin/sh
case "$*" in
    *"print("*) echo {version} ;;
    *"sys.exit(sys.version_info"*) exit {new_enough} ;;
    *) exit 1 ;;
esac
"""
    (machine / "python3").write_text(script)
    (machine / "python3").chmod(0o755)


def test_without_python_one_line_says_so(machine: Path) -> None:
    assert install(machine).startswith("make: Python 3.11 or newer is needed, and there is none. Install it (Debian, ")


def test_an_old_python_is_named(machine: Path) -> None:
    python(machine, version="3.9.2")
    assert f"newer is needed, and {machine}/python3 is 3.9.2. Install it" in install(machine)


def test_a_python_without_pip_and_venv_is_named(machine: Path) -> None:
    python(machine, version="3.12.1")
    said = install(machine)
    assert said.startswith(
        f"make: {machine}/python3 has neither pip nor venv. Install one (Debian, Ubuntu: apt install"
    )


def test_without_git_one_line_says_so(machine: Path) -> None:
    (machine / "git").unlink()
    assert install(machine).startswith("make: git is needed. Install it")


def test_the_scripts_are_sound() -> None:
    for script in (".ci/install", ".ci/run"):
        interpreter = (
            (paths.ROOT / script).read_text().splitlines()[0].removeprefix("#!").split()[-1].rpartition("/")[2]
        )
        subprocess.run([interpreter, "-n", paths.ROOT / script], check=True)
        assert (paths.ROOT / script).stat().st_mode & 0o100
