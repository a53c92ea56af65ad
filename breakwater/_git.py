"""Running git on one repository, alike on every machine: no user's or system's configuration takes part.

Commits carry their own identity, because a fresh machine has none; hooks and signing stay out of it.
"""

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from breakwater.errors import BadInput, EngineTrouble

NAME, EMAIL = "course", "course@localhost"
OPTIONS = {
    "core.autocrlf": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "safe.directory": "*",
}


@dataclass(frozen=True)
class Repository:
    """A git repository whose work tree is `folder` and whose database is `folder/.git`."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / ".git"

    def run(self, *arguments: str, tree: Path | None = None, index: Path | None = None) -> str:
        """Run one git command and return what it printed. `tree` and `index` stand in for the repository's own.

        Raises:
            BadInput: git is not installed.
            EngineTrouble: git refused; the message holds its last line.
        """
        done = self._run(arguments, tree or self.folder, index)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise EngineTrouble(f"git {arguments[0]} failed in {self.folder}: {said[-1]}")
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Whether the git command ends with status 0."""
        return self._run(arguments, self.folder, None).returncode == 0

    def _run(self, arguments: tuple[str, ...], tree: Path, index: Path | None) -> subprocess.CompletedProcess[str]:
        command = ["git", f"--git-dir={self.database}", f"--work-tree={tree}", *_options(), *arguments]
        try:
            return subprocess.run(
                command,
                cwd=tree,
                env=_environment(index),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except FileNotFoundError:
            raise BadInput("git is not installed. Install it (Debian, Ubuntu: apt install git), then again.") from None


def user_name() -> str:
    """The name in the user's own git configuration; empty if there is none."""
    with suppress(FileNotFoundError):
        command = ["git", "config", "--global", "user.name"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return ""


def _options() -> list[str]:
    return [part for key, value in OPTIONS.items() for part in ("-c", f"{key}={value}")]


def _environment(index: Path | None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    kept |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    kept |= {f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER") for what, text in _IDENTITY.items()}
    return kept | ({"GIT_INDEX_FILE": str(index)} if index else {})


_IDENTITY = {"NAME": NAME, "EMAIL": EMAIL}
