"""`course shop up`, `down`, `status`, `restart`, `scale`, `logs`: the learner's shop as it runs."""

import hashlib
import time
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breakwater.cli._out import console, note, print_json
from breakwater.errors import ShopDidNotStart

if TYPE_CHECKING:
    from breakwater.engines import ServiceStatus

Folder = Annotated[Path | None, typer.Option("--shop", metavar="DIR", help="The shop's folder; by default your own.")]
EngineName = Annotated[str, typer.Option("--engine", help="What runs the shop.")]
Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]

LAST_LINES = 10
COLOURS = (31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)
"""Of a terminal, by ECMA-48."""

MARKS = {
    "healthy": "[green]✓[/]",
    "starting": "[yellow]…[/]",
    "building": "[yellow]…[/]",
    "paused": "[yellow]‖[/]",
    "exited": "[red]✗[/]",
}


def register(app: typer.Typer) -> None:
    """Add `course shop …` to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Run the shop: up, down, status, restart, scale, logs.")
    for command in (up, down, status, restart, scale, logs):
        group.command()(command)
    app.add_typer(group, name="shop")


def up(
    engine: EngineName = "embedded",
    shop: Folder = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port for buyers; 0 is any free one.")] = 0,
    json: Json = False,
) -> None:
    """Start the shop, and wait until every service is healthy."""
    started = time.monotonic()
    runner = open_shop(engine, shop, make=True, port=port)
    if engine == "embedded":
        _give_up_lost_data(runner)
    try:
        services = runner.up(lambda service: None if json else _tell(service))
    except ShopDidNotStart as error:
        if not json:
            _tell_last_lines(error)
        raise
    seconds, url = time.monotonic() - started, runner.endpoint(runner.public) if runner.public else ""
    if json:
        return print_json(_report(engine, runner.spec.folder, services) | {"seconds": round(seconds, 3), "url": url})
    console.print(f"The shop is up after {seconds:.1f} s.")
    _tell_door(url)
    console.print(f"Buy a seat:  {_purchase(url)}", soft_wrap=True, markup=False)
    console.print("Next:        course shop logs -f      and at the end: course shop down")


def down(engine: EngineName = "embedded", shop: Folder = None, json: Json = False) -> None:
    """Stop the shop and remove all that it kept."""
    runner = open_shop(engine, shop)
    was_up = bool(runner.status())
    runner.down()
    if json:
        return print_json(_report(engine, runner.spec.folder, []))
    console.print("The shop is down; its data is gone." if was_up else "The shop was not up.")


def status(engine: EngineName = "embedded", shop: Folder = None, json: Json = False) -> None:
    """Say which services run."""
    runner = open_shop(engine, shop)
    services = runner.status()
    if json:
        return print_json(_report(engine, runner.spec.folder, services))
    for service in services:
        _tell(service)
    if services and runner.public:
        _tell_door(runner.endpoint(runner.public))
    if not services:
        console.print("The shop is down. Start it: course shop up")


def restart(
    services: Annotated[list[str], typer.Argument(metavar="SERVICE...", help="The services to start anew.")],
    engine: EngineName = "embedded",
    shop: Folder = None,
) -> None:
    """Stop services and start them again, with the code as it is now."""
    runner = open_shop(engine, shop)
    for name in services:
        runner.restart(name)
    for service in runner.status():
        if service.name in services:
            _tell(service)


def scale(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service.")],
    replicas: Annotated[int, typer.Argument(min=1, help="How many instances of it shall run.")],
    engine: EngineName = "embedded",
    shop: Folder = None,
    json: Json = False,
) -> None:
    """Run several instances of a service behind its one name (the compose engine can)."""
    runner = open_shop(engine, shop)
    runner.scale(service, replicas)
    if json:
        return print_json(_report(engine, runner.spec.folder, runner.status()) | {"replicas": {service: replicas}})
    console.print(f"{service}: {replicas} instance{'' if replicas == 1 else 's'}, healthy.")


def logs(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="One service; by default all.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new lines until Ctrl-C.")] = False,
    engine: EngineName = "embedded",
    shop: Folder = None,
) -> None:
    """Print what the services said."""
    runner = open_shop(engine, shop)
    said = False
    coloured = service is None and console.is_terminal
    for line in runner.logs(service, follow=follow):
        print(_coloured(line) if coloured else line, flush=follow)
        said = True
    if not said and not runner.status():
        note("The shop is down. Start it: course shop up")


def open_shop(engine: str, folder: Path | None, *, make: bool = False, **options: Any) -> Any:
    """The engine for the shop in `folder` (the learner's own if None); its state follows from the folder's path.

    With `make`, the learner's own shop is made where it is absent.

    Raises:
        BadInput: no such engine.
    """
    from breakwater import engines, paths, workspace

    kind = engines.find(engine)
    work = workspace.ensure() if make and not folder else paths.work()
    place = (folder or work / "shop").resolve()
    state = paths.state() / hashlib.sha256(str(place).encode()).hexdigest()[:12]
    return kind(engines.ShopSpec(place, state), **options)


def _give_up_lost_data(runner: Any) -> None:
    """End a shop whose database server has died: its data went with it, so the shop can only begin anew."""
    from breakwater.engines.description import Kind, load

    states = {service.name: service.state for service in runner.status()}
    lost = [name for name, state in states.items() if state == "exited"]
    servers = {server.name for server in load(runner.spec.folder).of(Kind.SERVER)} if lost else set()
    for name in servers.intersection(lost):
        note(f"{name} had ended, and the shop's data with it: the shop begins anew.")
        runner.down()


def _tell(service: "ServiceStatus") -> None:
    detail = "" if service.state == "building" else "   see: course shop logs " + service.name
    if service.pid:
        detail = f"{service.seconds:6.2f} s   process {service.pid}"
    console.print(f"{MARKS[service.state]} {service.name:<14} {service.state:<9}{detail}")


def _tell_last_lines(error: ShopDidNotStart) -> None:
    """The end of the log of a service that did not come up; the reason, in one line, follows as the error."""
    console.print(f"{MARKS['exited']} {error.service}")
    for line in error.last_lines[-LAST_LINES:]:
        console.print(f"  {line}", style="dim", markup=False, soft_wrap=True)


def _coloured(line: str) -> str:
    """A line of several services' logs, the name of its service in a colour of its own."""
    name, bar, rest = line.partition(" | ")
    colour = COLOURS[zlib.crc32(name.partition("-")[0].encode()) % len(COLOURS)]
    return f"\x1b[{colour}m{name:<10}{bar}\x1b[0m{rest}" if bar else line


def _tell_door(url: str) -> None:
    console.print(f"Open:        {url}/events/opening-night/seats", soft_wrap=True)


def _report(engine: str, folder: Path, services: list["ServiceStatus"]) -> dict[str, Any]:
    return {"engine": engine, "shop": folder, "services": [asdict(service) for service in services]}


def _purchase(url: str) -> str:
    order = '{"event":"opening-night","seat":"A1","buyer":"me","card":"4242424242424242"}'
    return f"curl -i {url}/orders -H 'Content-Type: application/json' -d '{order}'"
