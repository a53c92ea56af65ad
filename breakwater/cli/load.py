"""`course load`: many visitors at once, with faults in the middle, and the ledger at the end."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breakwater.cli._out import console, note, print_json
from breakwater.cli.shop import EngineName, Folder, open_shop
from breakwater.errors import BadInput

if TYPE_CHECKING:
    from breakwater.ledger import Breach
    from breakwater.load import Run
    from breakwater.load.weather import Timed

UNBALANCED, UNKNOWN = 1, 2
BALANCED_WITHIN_S = 5.0
USERS = 10
FAULT_HELP = (
    "A fault in the middle: NAME:CALLER:CALLEE[:VALUE...]@FROM-UNTIL, or NAME:SERVICE@FROM-UNTIL; seconds of the run. "
    "As in slow:orders:payments:2s@5-12, hang:orders:payments@5-12, kill:payments@5-12. May be given several times."
)


@dataclass(frozen=True)
class Wanted:
    """How much load, of which kind."""

    locustfile: Path | None
    users: int
    rate: float
    seconds: float
    seed: int
    ui: bool
    think: bool
    faults: "Sequence[Timed]"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(load)


def load(
    name: Annotated[str, typer.Argument(metavar="NN", help="The module: its number, topic or id.")],
    users: Annotated[
        int | None, typer.Option(help=f"A closed loop of so many users, by Locust; {USERS} if nothing is given.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="An open loop: so many visitors come a second, however slow the shop is.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A closed loop of this locustfile; by default the lab's own.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 20.0,
    fault: Annotated[list[str], typer.Option(metavar="FAULT@FROM-UNTIL", help=FAULT_HELP)] = [],  # noqa: B006
    ui: Annotated[bool, typer.Option("--ui", help="Begin and watch it on Locust's own page; Ctrl-C ends it.")] = False,
    think: Annotated[bool, typer.Option(help="Whether users of a closed loop think before they ask again.")] = True,
    seed: Annotated[int, typer.Option(help="What visitors of an open loop are drawn from.")] = 1,
    keep_shop: Annotated[
        bool, typer.Option("--keep-shop", help="Take the shop as it is; by default its seats and books are made new.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where to write; else below work/.course/load/.")
    ] = None,
    engine: EngineName = "embedded",
    shop: Folder = None,
    json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Load the shop, which must be up: how long visitors wait, what goes wrong, and whether the books balance.

    Status: 0 the books balance; 1 they do not; else 2 if the load generator itself was the bottleneck; 3 bad input.
    """
    from breakwater import lab, syllabus

    module = syllabus.load().find_built(name)
    lab.load(module.id)
    wanted = _wanted(module.id, users, rate, file, seconds, seed, ui, think, fault)
    runner = open_shop(engine, shop)
    if not runner.status():
        raise BadInput("The shop is down. Start it: course shop up")
    _hold_places(runner, wanted)
    if not keep_shop:
        runner.reset()
    run, breaches = asyncio.run(_run(runner, wanted))
    folder = out or _folder(module.id)
    files = _keep(run, breaches, folder)
    _report(run, breaches, files, json)
    raise typer.Exit(UNBALANCED if breaches else UNKNOWN if run.saturated else 0)


def _wanted(
    module: str,
    users: int | None,
    rate: float | None,
    file: Path | None,
    seconds: float,
    seed: int,
    ui: bool,
    think: bool,
    faults: list[str],
) -> Wanted:
    """What was asked for. Raises BadInput where it makes no sense together."""
    from breakwater.load import weather
    from breakwater.load.closed import locustfile_of

    if rate is not None and (users is not None or file):
        raise BadInput("Give --users or --file (a closed loop) or --rate (an open loop), not both.")
    if file and not file.is_file():
        raise BadInput(f"There is no locustfile {file}.")
    if ui and rate is not None:
        raise BadInput("Locust's page shows a closed loop: --ui goes with --users, not with --rate.")
    if rate is not None and not rate > 0:
        raise BadInput(f"--rate is visitors a second, above zero, not {rate:g}.")
    locustfile = file.resolve() if file else locustfile_of(module) if rate is None else None
    timed = [weather.parse(text) for text in faults]
    late = next((each for each in timed if each.from_s >= seconds and not ui), None)
    if late:
        raise BadInput(f"A fault from second {late.from_s:g} on comes after the run, which takes {seconds:g} s.")
    return Wanted(locustfile, USERS if users is None else users, rate or 0.0, seconds, seed, ui, think, timed)


def _hold_places(runner: Any, wanted: Wanted) -> None:
    """Raise BadInput where a fault names no link or service of this shop: before the run, not in its middle."""
    from breakwater.engines import description
    from breakwater.faults import LinkFault, ServiceFault

    described = description.load(runner.spec.folder)
    for each in wanted.faults:
        if isinstance(each.fault, LinkFault):
            described.find_link(each.fault.caller, each.fault.callee)
        elif isinstance(each.fault, ServiceFault):
            described.find(each.fault.service)


async def _run(runner: Any, wanted: Wanted) -> "tuple[Run, list[Breach]]":
    """Make the load, record what buyers were told, and look into the books."""
    from breakwater import ledger, told
    from breakwater.buyer import Buyer
    from breakwater.ledger.interleaving import FaultWindow

    windows: list[FaultWindow] = []
    async with AsyncExitStack() as stack:
        buyer = await stack.enter_async_context(Buyer(runner.endpoint(runner.public)))
        try:
            run = await _drive(runner, buyer, wanted, windows)
        finally:
            with told.Recorder(told.file_of(runner.spec)) as recorder:
                for answer in buyer.told:
                    recorder.answer(answer)
                for held in buyer.held:
                    recorder.held(held)
                for window in windows:
                    recorder.fault(window)
        try:
            await ledger.Ledger(runner, buyer, ledger.load(), windows).balances(BALANCED_WITHIN_S)
        except ledger.Unbalanced as error:
            return run, list(error.breaches)
    return run, []


async def _drive(runner: Any, buyer: Any, wanted: Wanted, windows: list[Any]) -> "Run":
    from breakwater.engines.ports import reserve
    from breakwater.load import closed, opened

    common: dict[str, Any] = {"seconds": wanted.seconds, "faults": wanted.faults, "windows": windows}
    if wanted.locustfile is None:
        return await opened.drive(runner, buyer, rate=wanted.rate, seed=wanted.seed, **common)
    port = 0
    if wanted.ui:
        free = reserve()
        port = free.number
        free.release()
        note(f"Locust's page: http://127.0.0.1:{port}      Ctrl-C ends the run")
    return await closed.drive(
        runner,
        buyer,
        wanted.locustfile,
        users=wanted.users,
        think=wanted.think,
        ui_port=port,
        **common,
    )


def _folder(module_id: str) -> Path:
    from breakwater import paths

    return paths.work() / ".course" / "load" / module_id / time.strftime("%Y-%m-%d-%H%M%S")


def _keep(run: "Run", breaches: "list[Breach]", folder: Path) -> list[Path]:
    from breakwater.load.run import keep

    files = keep(run, folder, {"breaches": [_told(breach) for breach in breaches]})
    try:
        (folder / "plot.svg").write_text(run.plot().svg, encoding="utf-8")
    except ImportError:
        note("No plot: matplotlib is not installed. make start installs it.")
        return files
    return [*files, folder / "plot.svg"]


def _told(breach: "Breach") -> dict[str, str]:
    return {"invariant": breach.invariant, "what": breach.what, "facts": breach.facts}


def _report(run: "Run", breaches: "list[Breach]", files: list[Path], json: bool) -> None:
    from breakwater.load.run import said

    if json:
        told = {"breaches": [_told(breach) for breach in breaches], "files": files}
        return print_json(run.to_json() | told)
    for line in said(run):
        console.print(line, markup=False, soft_wrap=True)
    if not breaches:
        console.print("The books balance.")
    else:
        console.print(f"The books do not balance: {len(breaches)} breach{'es' if len(breaches) > 1 else ''}.")
        console.print(f"  {breaches[0].what}\n  {breaches[0].facts}", markup=False, soft_wrap=True)
    console.print(f"Written to {files[0].parent}: {', '.join(file.name for file in files)}", soft_wrap=True)
