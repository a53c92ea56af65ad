"""`course start`, `course diff`, `course reset`: the learner's folder."""

import sys
from typing import Annotated

import typer

from breakwater.bases import Base
from breakwater.cli._out import console, note, print_json

Name = Annotated[str, typer.Argument(metavar="NN", help="The module: its number, topic or id.")]
Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(start)
    app.command()(diff)
    app.command()(reset)


def start(
    name: Name,
    base: Annotated[Base, typer.Option(help="What to start from; any but your own opens a branch in work/.")] = "mine",
    json: Json = False,
) -> None:
    """Begin a module: its notebooks and guide come to work/NN-topic/."""
    from breakwater import workspace

    done = workspace.start(name, base)
    if json:
        return print_json(vars(done))
    for file in done.new_files:
        console.print(f"  new  {file}")
    console.print(f"{done.module}: your notebooks are in {done.folder}, your shop in {done.folder.parent / 'shop'}.")
    if done.base != "mine":
        console.print(f"You are on the branch {done.branch} of work/. Back to your own shop: course start {name}")
    _warn_of_edits_in_place()


def diff(name: Name, json: Json = False) -> None:
    """Show what you changed in the shop since you began the module."""
    from breakwater import workspace

    patch = workspace.diff(name, colour=sys.stdout.isatty() and not json)
    if json:
        return print_json({"module": name, "patch": patch})
    print(patch, end="")
    if not patch:
        console.print("Nothing has changed in the folders of this lab.")
    _warn_of_edits_in_place()


def reset(name: Name, json: Json = False) -> None:
    """Put the lab's folders back as they were when you began it. What is there now is kept in the history."""
    from breakwater import workspace

    done = workspace.reset(name)
    if json:
        return print_json(vars(done))
    folders = " ".join(done.folders)
    console.print(f"{folders}: as when you began {done.module}.")
    console.print(f"What was there is kept. To have it back: git -C work checkout {done.kept_as} -- {folders}")


def _warn_of_edits_in_place() -> None:
    from breakwater import workspace

    for file in workspace.edited_in_place():
        note(f"Note: {file} was changed where the course ships it; your own copy is under work/.")
