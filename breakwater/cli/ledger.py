"""`course ledger`: does what buyers were told agree with the provider's books and with what the shop says?"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breakwater.cli._out import console, note, print_json
from breakwater.cli.shop import EngineName, Folder, open_shop
from breakwater.errors import BadInput

if TYPE_CHECKING:
    from breakwater.ledger import Breach, Outcome
    from breakwater.told import Told

MOST_SHOWN = 3


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(ledger)


def ledger(
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE.svg", help="Draw the first breach as a sequence diagram.")
    ] = None,
    told: Annotated[
        Path | None, typer.Option("--told", metavar="FILE", help="What buyers were told, as `course load` kept it.")
    ] = None,
    within: Annotated[
        float, typer.Option("--within", min=0, help="Seconds that the shop has to get things right.")
    ] = 5,
    engine: EngineName = "embedded",
    shop: Folder = None,
    json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Judge the shop that runs by its books: the ledger's invariants, and each breach with its interleaving.

    Status: 0 the books balance; 1 there are breaches; 3 bad input, or no shop.
    """
    if picture and picture.suffix != ".svg":
        raise BadInput(f"--picture {picture}: it will be an SVG. Give a name that ends in .svg.")
    runner = open_shop(engine, shop)
    _hold_up(runner)
    file, known = _known(runner, told)
    end = asyncio.run(_settled(runner, known, within))
    if json:
        print_json(_report(end, file))
    else:
        _tell(end, file)
    if picture:
        _draw(end.breaches, picture)
    raise typer.Exit(1 if end.breaches else 0)


def _hold_up(runner: Any) -> None:
    """Raise BadInput where no shop runs; say it where a part of one does not."""
    services = runner.status()
    if not services:
        raise BadInput("The shop is not up, so there are no books. Start it: course shop up")
    for service in services:
        if service.state == "exited":
            note(f"{service.name} does not run. Start it again: course shop restart {service.name}")


def _known(runner: Any, file: Path | None) -> tuple[Path | None, "Told"]:
    """What buyers were told, and the file that says it: the one that is given, else the shop's own, if there is one."""
    from breakwater import told

    own = told.file_of(runner.spec)
    source = file or (own if own.is_file() else None)
    return source, told.read(source) if source else told.Told()


async def _settled(runner: Any, known: "Told", within_s: float) -> "Outcome":
    from breakwater import ledger
    from breakwater.buyer import Buyer

    async with Buyer(runner.endpoint(runner.public)) as buyer:
        buyer.told.extend(known.answers)
        buyer.held.extend(known.held)
        return await ledger.Ledger(runner, buyer, ledger.load(), known.faults).settled(within_s)


def _tell(end: "Outcome", file: Path | None) -> None:
    for breach in _first_of_each(end.breaches):
        _tell_breach(breach)
    if not file:
        note("Nobody kept what buyers were told (`course load` does): judged by the books and the shop's own words.")
    counts = Counter(breach.sentence for breach in end.breaches)
    if not counts:
        console.print(f"✓ The books balance: {_seen(end)}, no breach.", markup=False)
        return
    console.print(f"The books do not balance: {_seen(end)}.", markup=False)
    for sentence, count in counts.items():
        console.print(f"  {count} × not so: {sentence}", markup=False)


def _first_of_each(breaches: Sequence["Breach"]) -> list["Breach"]:
    """The first breach of each invariant, a few at most."""
    first = {breach.invariant: breach for breach in reversed(breaches)}
    return [breach for breach in breaches if first[breach.invariant] is breach][:MOST_SHOWN]


def _tell_breach(breach: "Breach") -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console.print(Text(f"✗ {breach.sentence}", "bold"))
    body = Table.grid(padding=(0, 2))
    body.add_column(no_wrap=True, style="dim")
    body.add_column(overflow="fold")
    rows = [("What happened", breach.what), ("Accounts", breach.facts)]
    rows += [("" if n else "Interleaving", _line(breach, n)) for n in range(len(breach.events))]
    for label, text in rows:
        body.add_row(label, Text(text))
    console.print(Padding(body, (0, 0, 1, 2)))


def _line(breach: "Breach", n: int) -> str:
    event = breach.events[n]
    return f"{event.at - breach.events[0].at:7.3f} s  {event.text}"


def _seen(end: "Outcome") -> str:
    """What was looked at: `12 purchases, 11 orders, 11 captures`."""
    record = end.record
    counts = {"purchase": len(record.told), "order": len(record.orders), "capture": len(record.captures)}
    return ", ".join(f"{count} {thing}{'' if count == 1 else 's'}" for thing, count in counts.items())


def _draw(breaches: Sequence["Breach"], file: Path) -> None:
    from breakwater.ledger import diagram

    first = next((breach for breach in breaches if breach.events), None)
    if first is None:
        note(f"No breach with an interleaving, so {file} was not written.")
        return
    try:
        file.write_text(diagram.svg(first.events, first.what), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--picture {file}: it cannot be written: {error.strerror}.") from None
    note(f"Drawn: {file} ({first.what})")


def _report(end: "Outcome", file: Path | None) -> dict[str, Any]:
    record = end.record
    return {
        "balanced": not end.breaches,
        "seconds": round(end.seconds, 3),
        "told": file,
        "purchases": len(record.told),
        "orders": len(record.orders),
        "captures": len(record.captures),
        "refunds": len(record.refunds),
        "breaches": [_breach(breach) for breach in end.breaches],
    }


def _breach(breach: "Breach") -> dict[str, Any]:
    events = [
        {
            "at_s": round(event.at - breach.events[0].at, 4),
            "source": event.source,
            "target": event.target,
            "says": event.says,
            "buyer": event.buyer,
            "text": event.text,
        }
        for event in breach.events
    ]
    keys = ("invariant", "sentence", "what", "orders", "seat", "facts")
    return {key: getattr(breach, key) for key in keys} | {"interleaving": events}
