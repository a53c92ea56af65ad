"""The command `course`.

Each area of commands is one file beside this one, with a function `register(app)`. Another package adds its
commands through the entry-point group `breakwater.commands`. Heavy imports belong inside the commands, so that
`course --help` stays fast.
"""

import sys
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

import typer

from breakwater.cli import _complete
from breakwater.errors import BadInput, CourseError

AREAS = ("work", "shop", "images", "check", "watch", "load", "ledger", "jupyter", "syllabus", "doctor", "demo", "dev")
GROUP = "breakwater.commands"
INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)


@app.callback()
def course() -> None:
    """Take the course: run the shop, break it, mend it, have it checked."""


def main() -> None:
    """Run the command; a user's mistake ends in one line and a non-zero status, never in a traceback."""
    try:
        register_all(app)
        _complete.attach(app)
        status = app(standalone_mode=False)
    except CourseError as error:
        status = _say(str(error), error.exit_status)
    except typer.TyperException as error:
        status = _say(f"{error.format_message()} See: {_help_for(error)}", BadInput.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def register_all(app: typer.Typer) -> None:
    """Add every area's commands, then those of other packages that are installed and present."""
    for area in AREAS:
        if find_spec(f"{__name__}.{area}"):
            import_module(f"{__name__}.{area}").register(app)
    for entry in entry_points(group=GROUP):
        # A learner's copy of the course has no grader, though the installed metadata may name it.
        if find_spec(entry.module.partition(".")[0]):
            entry.load()(app)


def _say(line: str, status: int) -> int:
    typer.echo(line, err=True)
    return status


def _help_for(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'course'} --help"
