"""`course doctor`: what this machine can run."""

from dataclasses import asdict
from typing import Annotated

import typer

from breakwater.cli._out import console, print_json

SIGNS = {"ready": "[green]✓[/green]", "limited": "[yellow]![/yellow]", "missing": "[red]✗[/red]"}


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(doctor)


def doctor(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these, e.g. docker.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Say what this machine can and cannot run, and what to do about it. Status 1 if the course cannot be taken."""
    from rich.markup import escape

    from breakwater.doctor import abilities, examine

    findings = examine(names or ())
    can = abilities(findings)
    if json:
        print_json({"can": can, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            console.print(f"{SIGNS[finding.state]} {finding.name:<14} {escape(finding.says)}", soft_wrap=True)
            if finding.remedy:
                console.print(f"  {'':<14} → {escape(finding.remedy)}", soft_wrap=True)
        for sentence, possible in can.items():
            console.print(f"{'yes' if possible else 'no':>3}  {sentence}", style=None if possible else "bold")
    if not next(iter(can.values()), True):
        raise typer.Exit(1)
