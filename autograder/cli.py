"""The instructor's commands; `course` finds them through the entry-point group `breakwater.commands`."""

import typer


def register(app: typer.Typer) -> None:
    """Add the instructor's commands to `course`."""
