"""`course images`: what the shop's containers are made from."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from breakwater.cli._out import console, print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(images)


def images(
    offline: Annotated[bool, typer.Option("--offline", help="Build stand-ins instead of fetching.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also those of services in other languages.")] = False,
    shop: Annotated[Path | None, typer.Option("--shop", metavar="DIR", help="The shop's folder; else ours.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Get the images that the compose engine needs: from their registry, or (--offline) as stand-ins.

    A stand-in has the name and the version of the official image, and is built from Debian's packages: for a machine
    that reaches no registry. What is there already is left as it is, unless it is a stand-in from other requirements.
    """
    from breakwater import paths
    from breakwater.engines import composition, daemon, description, standins
    from breakwater.engines import images as needed
    from breakwater.engines.trial.wheels import requirements

    client, folder = daemon.connect(), shop or paths.BOXOFFICE
    others = description.load(folder).others if every else []
    wanted = needed.bases(asyncio.run(composition.read(folder)), others)
    absent = needed.missing(client, wanted)
    if offline:
        absent += [name for name in set(wanted) - set(absent) if standins.is_stale(client, name, requirements())]
        for name in absent:
            standins.recipe(name)
    rows = []
    for name in wanted:
        begun = time.monotonic()
        if name in absent:
            asyncio.run(standins.build(name, requirements()) if offline else needed.pull(name))
        image = client.images.get(name)
        origin = "stand-in" if standins.LABEL in image.labels else "official"
        seconds = round(time.monotonic() - begun, 1) if name in absent else 0.0
        rows.append({"image": name, "origin": origin, "made": name in absent, "seconds": seconds})
        if not json:
            took = f"{seconds:6.1f} s" if name in absent else "was there"
            console.print(f"[green]✓[/] {name:<24} {origin:<10}{took}")
    if json:
        print_json({"images": rows})
