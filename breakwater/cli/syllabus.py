"""`course syllabus`: the modules, in order."""

from typing import Annotated

import typer

from breakwater.cli._out import console, print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(syllabus)


def syllabus(json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False) -> None:
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
