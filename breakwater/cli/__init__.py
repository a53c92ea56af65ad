"""The command `course`."""

import sys

import typer

from breakwater.errors import CourseError

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command; a user's mistake ends in one line and a non-zero status, never in a traceback."""
    try:
        app()
    except CourseError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_status)
