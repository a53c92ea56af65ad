"""The command itself: quick to start, one line for a mistake, JSON for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from breakwater import cli
from breakwater.cli import doctor

HEAVY = {
    "fastapi",
    "sqlalchemy",
    "asyncpg",
    "nbgrader",
    "matplotlib",
    "pydantic",
    "pytest",
    "IPython",
    "httpx",
    "numpy",
}
COURSE = Path(sys.executable).parent / "course"


def course(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COURSE, *arguments], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['course', '--help']\nfrom breakwater import cli\n"
    code += "try: cli.main()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "syllabus" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()


def test_every_area_is_there() -> None:
    for area in cli.AREAS:
        assert (Path(cli.__file__).parent / f"{area}.py").exists(), area
    assert {path.stem for path in Path(cli.__file__).parent.glob("[a-z]*.py")} == set(cli.AREAS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["strat"], "No such command 'strat'. Did you mean 'start'? See: course --help\n"),
        (["start"], "Missing argument 'NN'. See: course start --help\n"),
        (["start", "09", "--jso"], "No such option: --jso (Possible options: --json) See: course start --help\n"),
        (["start", "99"], "No module is called `99`. All of them: course syllabus\n"),
        (["submit", "03"], "03-orchestration is not built yet. Built so far: 01-programming, 09-resilience.\n"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_status_three(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = course(*arguments, BREAKWATER_WORK=str(tmp_path / "work"))
    assert (done.returncode, done.stdout, done.stderr) == (3, "", says)


def test_the_syllabus_is_told_to_people_and_programs(tmp_path: Path) -> None:
    told = course("syllabus", BREAKWATER_WORK=str(tmp_path / "work"))
    assert "09-resilience" in told.stdout
    assert "not built yet" in told.stdout
    known = json.loads(course("syllabus", "--json").stdout)
    assert len(known["modules"]) == 13
    assert [module["id"] for module in known["modules"] if module["built"]] == ["01-programming", "09-resilience"]


def test_every_command_that_reports_has_json() -> None:
    app = typer.Typer()
    cli.register_all(app)
    silent = {"shop logs", "shop restart", "dev new", "dev rebase"}
    without = [path for path, options in _commands(typer.main.get_command(app)) if "--json" not in options]
    assert set(without) <= silent, "each says what it did to people only"


def _commands(command: object, path: str = "") -> list[tuple[str, list[str]]]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        return [found for name, each in inner.items() for found in _commands(each, f"{path} {name}".strip())]
    return [(path, [option for parameter in command.params for option in parameter.opts])]  # type: ignore[attr-defined]


def test_an_interrupt_ends_quietly() -> None:
    code = "import sys, os, signal\nfrom breakwater import cli\nimport typer\n"
    code += "cli.app.command('hold')(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
    code += "sys.argv = ['course', 'hold']\ncli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    code = f"{COURSE} syllabus --json | head -c 1"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{", "")


def test_doctor_tells_what_can_be_done(tmp_path: Path) -> None:
    done = course("doctor", "--json", BREAKWATER_WORK=str(tmp_path / "work"))
    told = json.loads(done.stdout)
    states = {finding["name"]: finding["state"] for finding in told["findings"]}
    assert states["python"] == states["git"] == states["postgresql"] == "ready"
    assert done.returncode == 0
    assert told["can"]["Take the course: run the shop, break it, have it checked"] is True
    assert all(finding["remedy"] for finding in told["findings"] if finding["state"] == "missing")
    assert set(doctor.SIGNS) >= set(states.values())


def test_doctor_names_what_is_missing(tmp_path: Path) -> None:
    done = course("doctor", "git", "docker", "languages", "sandbox", "--json", PATH=str(tmp_path))
    told = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert told["git"]["says"] == "git does not run; work/ needs it."
    assert told["docker"]["says"] == "No Docker client is installed."
    assert told["docker"]["remedy"].startswith("The embedded engine needs none: course shop up.")
    alone = "these run in containers alone, and Docker cannot be used."
    assert told["languages"]["says"] == f"pricing/go, pricing/java: {alone}"
    assert told["languages"]["remedy"] == "See: course doctor docker"
    assert "is not installed" in told["sandbox"]["says"]


def test_work_on_a_machine_without_git_is_told(tmp_path: Path) -> None:
    done = course("start", "09", PATH=str(tmp_path), BREAKWATER_WORK=str(tmp_path / "work"))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith("git is not installed.")
    assert list(tmp_path.iterdir()) == []
