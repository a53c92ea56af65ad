"""`course start`, `course diff`, `course reset`, `course submit`: the learner's folder."""

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
    app.command()(submit)


def start(
    name: Name,
    base: Annotated[Base, typer.Option(help="What to start from; any but your own opens a branch in work/.")] = "mine",
    json: Json = False,
) -> None:
    """Begin a module: its notebooks and guide come to work/NN-topic/."""
    from breakwater import workspace
    from breakwater.toml import shown

    done = workspace.start(name, base)
    if json:
        return print_json(vars(done))
    for file in done.new_files:
        console.print(f"  new  {file}")
    notebooks, shop = shown(done.folder), shown(done.folder.parent / "shop")
    console.print(f"{done.module}: your notebooks are in {notebooks}, your shop in {shop}.", soft_wrap=True)
    if done.base != "mine":
        here = f"You are on the branch {done.branch} of work/."
        console.print(f"{here} Back to your own shop: course start {name}", soft_wrap=True)
    _warn_of_edits_in_place()


def diff(name: Name, json: Json = False) -> None:
    """Show what you changed in the shop since you began the module."""
    from breakwater import lab, workspace

    patch = workspace.diff(name, colour=sys.stdout.isatty() and not json)
    if json:
        return print_json({"module": lab.load(name).module, "patch": patch})
    print(patch, end="")
    if not patch:
        console.print("Nothing has changed in the folders of this lab.")
    _warn_of_edits_in_place()


def reset(name: Name, json: Json = False) -> None:
    """Put the lab's folders back as they were when you began it. What is there now is kept in the history."""
    from breakwater import paths, workspace
    from breakwater.toml import shown

    done = workspace.reset(name)
    if json:
        return print_json(vars(done))
    folders = " ".join(done.folders)
    console.print(f"{folders}: as when you began {done.module}.")
    back = f"git -C {shown(paths.work())} checkout {done.kept_as} -- {folders}"
    console.print(f"What was there is kept. To have it back: {back}", soft_wrap=True)


def submit(
    name: Name,
    learner: Annotated[str, typer.Option("--name", help="Your name (else: git's user.name, or the machine's).")] = "",
    json: Json = False,
) -> None:
    """Pack your shop and the module's notebooks into the one file that you hand in."""
    from breakwater import workspace
    from breakwater.toml import shown

    done = workspace.submit(name, learner)
    if json:
        return print_json(
            {"archive": done.archive, "bytes": done.size, "branch": done.branch, **done.manifest.model_dump()}
        )
    console.print(f"Hand this in: {shown(done.archive)}", soft_wrap=True)
    files, by = len(done.manifest.files), done.manifest.learner
    console.print(f"{files} files, {done.size / 1024:.0f} KiB, by {by}, {done.manifest.submitted_at}.", soft_wrap=True)
    if done.branch != workspace.MINE:
        note(f"Note: this is what stands on the branch {done.branch} of work/, not on {workspace.MINE}.")


def _warn_of_edits_in_place() -> None:
    from breakwater import workspace

    for file in workspace.edited_in_place():
        note(f"Note: {file} was changed where the course ships it; your own copy is under work/.")
