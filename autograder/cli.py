"""The instructor's commands; `course` finds them through the entry-point group `breakwater.commands`."""

from typing import Annotated

import typer

Module = Annotated[str, typer.Argument(metavar="NN", help="The module: 09, resilience or 09-resilience.")]
AnyModule = typer.Argument(metavar="NN", help="One module; without it, each that is built.")


def register(app: typer.Typer) -> None:
    """Add the instructor's commands to `course`."""
    app.command()(release)


def release(module: Annotated[str | None, AnyModule] = None) -> None:
    """Make the notebooks that learners get, and pack build/learner.zip."""
    from autograder.release import release as make
    from breakwater.toml import shown

    for notebook in make(module):
        typer.echo(shown(notebook))
    typer.echo("build/learner.zip")
