"""What the Tab key offers: what the command would take there, and nothing heavy is imported for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(sys.executable).parent / "course"
# Not pydantic: Typer itself takes it to read arguments, wherever it is installed.
HEAVY = {"fastapi", "sqlalchemy", "pytest", "httpx", "IPython", "matplotlib", "numpy", "nbgrader"}


def offered(line: str, tmp_path: Path) -> list[str]:
    """What fish would show: one offer a line, its meaning after a tab."""
    asks = {"_COURSE_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    env = os.environ | asks | {"_TYPER_COMPLETE_ARGS": line, "BREAKWATER_WORK": str(tmp_path / "work")}
    done = subprocess.run([COURSE], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [each.partition("\t")[0] for each in done.stdout.splitlines() if each]


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("course prog", ["progress"]),
        ("course start ", ["01", "09"]),
        ("course grade 0", ["01", "09"]),
        ("course dev record ", ["01", "09"]),
        ("course hint 09 slow", ["slow-payment"]),
        ("course check 9 -k dead", ["dead-catalog"]),
        ("course check resilience -k 09", []),
        ("course check 09 --hidden -k 09-h1", ["09-h1"]),
        ("course hint nothing ", []),
        ("course shop restart ca", ["catalog"]),
        ("course shop restart catalog gateway pa", ["payments"]),
        ("course shop scale inv", ["inventory"]),
        ("course shop logs --engine comp", ["compose"]),
        ("course load 09 --fault lo", ["lose-answer:"]),
        ("course load 09 --fault hang:orders:pa", ["hang:orders:payments"]),
        ("course load 09 --fault kill:cat", ["kill:catalog"]),
        ("course load 09 --fault nothing:", []),
        ("course doctor sh", ["shared-memory"]),
    ],
)
def test_tab_offers_what_the_command_takes(line: str, offers: list[str], tmp_path: Path) -> None:
    assert offered(line, tmp_path) == offers


def test_a_shop_whose_description_is_broken_gives_way_to_the_naive_one(tmp_path: Path) -> None:
    (tmp_path / "work" / "shop").mkdir(parents=True)
    (tmp_path / "work" / "shop" / "compose.yaml").write_text("services: [")
    assert offered("course shop restart cat", tmp_path) == ["catalog"]


def test_bash_completes_once_it_is_installed(tmp_path: Path) -> None:
    env = os.environ | {"HOME": str(tmp_path), "PATH": f"{COURSE.parent}:{os.environ['PATH']}"}
    run = {"env": env, "capture_output": True, "text": True, "check": True}
    subprocess.run(["bash", "--norc", "-c", "course --install-completion; exit"], **run)  # type: ignore[call-overload]
    asks = ". ~/.bashrc; COMP_WORDS=(course hint 09 retr); COMP_CWORD=3; _course_completion course; echo $COMPREPLY"
    done = subprocess.run(["bash", "--norc", "-c", asks], **run)  # type: ignore[call-overload]
    assert done.stdout == "retry-storm\n"


@pytest.mark.parametrize("line", ["course hint 09 ", "course shop restart ", "course load 09 --fault "])
def test_a_tab_imports_nothing_heavy(line: str) -> None:
    asks = {"_COURSE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    code = "import sys; sys.argv = ['course']\nfrom breakwater import cli\n"
    code += "try: cli.main()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asks, capture_output=True, text=True, check=True
    )
    assert "_arguments" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()
