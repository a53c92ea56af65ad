"""`course syllabus` and `course progress`: the modules in order, and how far one is in them."""

from typing import Annotated

import typer

from breakwater.cli._out import console, note, print_json

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(syllabus)
    app.command()(progress)


def syllabus(json: Json = False) -> None:
    """List the modules, what each is about, and which can be taken today."""
    from rich.table import Table

    from breakwater import progress
    from breakwater import syllabus as course

    all_of_it = course.load()
    if json:
        return print_json(all_of_it.model_dump())
    table = Table("Module", "Hours", "Weight", "", title=all_of_it.title, box=None, title_justify="left")
    for module in all_of_it.modules:
        state = "not built yet" if not module.built else "finished" if progress.is_finished(module.id) else "ready"
        table.add_row(f"{module.id}\n[dim]{module.summary}[/dim]", f"{module.hours:g}", f"{module.weight:g} %", state)
    console.print(table)


def progress(json: Json = False) -> None:
    """Say what is done, what is next, and how good your predictions were."""
    from breakwater import progress as done
    from breakwater.toml import shown

    standing = done.standing()
    for file in standing.unreadable:
        note(f"Note: {shown(file)} cannot be read in whole; what is kept next leaves it beside.")
    if json:
        return print_json(standing.to_json())
    for line in standing.lines():
        console.print(line, markup=False, soft_wrap=True)
