"""`course jupyter`: the notebooks, in JupyterLab."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from breakwater.cli._out import console, print_json

if TYPE_CHECKING:
    from breakwater.jupyter import Page


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(jupyter)


def jupyter(
    name: Annotated[str | None, typer.Argument(metavar="[NN]", help="The module (default: the next one).")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default: the first free one from 8888.")] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser. The variable HEADLESS=1 opens none either.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Report the address as JSON.")] = False,
) -> None:
    """Open JupyterLab on the first module that is not finished. Ctrl-C ends it."""
    from breakwater import jupyter

    def announce(page: "Page") -> None:
        if json:
            print_json({"url": page.url, "pid": page.pid})
        else:
            print(f"JupyterLab: {page.url}", flush=True)
            console.print("[dim]Ctrl-C ends it. Your work is in work/.[/dim]")

    headless = os.environ.get("HEADLESS", "0") not in ("", "0")
    jupyter.serve(name, port=port, browser=browser and not headless, announce=announce)
    if not json:
        console.print("JupyterLab has ended.")
