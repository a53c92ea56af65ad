"""The closed loop: Locust, in a process of its own, on a lab's locustfile.

Locust is started as anybody would start it, with one more file that writes down every request (`_in_locust`). From
these lines come the samples, and what buyers were told.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from breakwater import contract, paths, toml
from breakwater.buyer import Answer, Buyer, Held
from breakwater.engines import Engine
from breakwater.engines.process import LINUX, die_with_parent
from breakwater.errors import BadInput, EngineTrouble
from breakwater.ledger.interleaving import FaultWindow
from breakwater.load.run import Run, Sample
from breakwater.load.traffic import SERVED
from breakwater.load.weather import Timed, passing

IN_LOCUST = Path(__file__).parent / "_in_locust.py"
POLL_S = 0.05
BEGINS_WITHIN_S = 60.0
STOPS_WITHIN_S = 10  # for the requests that are under way at the end
MOST_USERS = 5_000
BUSY = (
    "The load generator was itself the bottleneck: Locust's processor was busy more than 90 % of the time. "
    "Its waits say nothing of the shop. Take fewer users or a quieter machine."
)


def locustfile_of(module_id: str) -> Path:
    """The locustfile of a module's lab. Raises BadInput where there is none."""
    file = paths.LABS / module_id / "locustfile.py"
    if not file.is_file():
        raise BadInput(f"labs/{module_id} has no locustfile.py: for a load without one, give --rate.")
    return file


async def drive(
    engine: Engine,
    buyer: Buyer,
    locustfile: Path,
    *,
    users: int,
    seconds: float,
    think: bool = True,
    ui_port: int = 0,
    faults: Sequence[Timed] = (),
    windows: list[FaultWindow] | None = None,
) -> Run:
    """Let `users` of the locustfile use the shop for `seconds`; return when Locust has ended.

    Without `think`, they ask again as soon as they are answered: the locustfile is told by THINK=no. With `ui_port`,
    Locust's own page at 127.0.0.1 begins and ends the run. `buyer` is told what buyers were told.

    Raises:
        BadInput: a number of users or seconds that is none, a broken locustfile, or a fault on no link.
        EngineTrouble: Locust did not begin.
    """
    _hold(users, seconds)
    windows = [] if windows is None else windows
    with TemporaryDirectory(prefix="load-") as folder:
        lines = Path(folder) / "lines.jsonl"
        options = _ui(ui_port) if ui_port else ["--headless", "--run-time", f"{seconds:g}s"]
        process = await _start(buyer.url, locustfile, users, lines, options, {} if think else {"THINK": "no"})
        if ui_port:
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, process.terminate)
        try:
            began_at = await _begin(process, lines, locustfile, patient=bool(ui_port))
            # A file that has a shape of its own ends by that, and not after the seconds that Locust was told.
            limit_s = None if ui_port else began_at + seconds + STOPS_WITHIN_S - time.time()
            async with passing(engine, faults, began_at, windows):
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), limit_s)
        finally:
            await _end(process)
        seen = list(_read(lines))
    buyer.told += [answer for line in seen if (answer := _answer(line))]
    buyer.held += [held for line in seen if (held := _held(line))]
    return _run(seen, began_at, users, 0.0 if ui_port else seconds, windows)


def _run(seen: list[dict[str, Any]], began_at: float, users: int, seconds: float, windows: list[FaultWindow]) -> Run:
    samples = tuple(_sample(line, began_at) for line in seen if "asked_at" in line)
    took_s = seconds or max((sample.ended_s for sample in samples), default=1.0)
    busy = any(line.get("busy") for line in seen)
    load = f"{users} user{'' if users == 1 else 's'}"
    return Run("closed", load, round(took_s, 1), began_at, samples, tuple(windows), BUSY if busy else "")


def _hold(users: int, seconds: float) -> None:
    if not 0 < users <= MOST_USERS:
        raise BadInput(f"The users must be 1 to {MOST_USERS:,}, not {users}.")
    if not 0 < seconds < float("inf"):
        raise BadInput(f"The seconds must be above zero, not {seconds:g}.")
    if not find_spec("locust"):
        raise BadInput("Locust is not installed: make start installs it. For a load without it, give --rate.")


def _ui(port: int) -> list[str]:
    return ["--web-host", "127.0.0.1", "--web-port", str(port)]


async def _start(
    url: str, locustfile: Path, users: int, lines: Path, options: list[str], told: dict[str, str]
) -> "asyncio.subprocess.Process":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "locust", "-f", f"{IN_LOCUST},{locustfile}", "--host", url),
        *("--users", str(users), "--spawn-rate", str(users), "--stop-timeout", str(STOPS_WITHIN_S)),
        *("--exit-code-on-error", "0", "--only-summary", "--loglevel", "WARNING", *options),
        cwd=lines.parent,  # where it finds no configuration of anybody's
        env=environment | told | {"BREAKWATER_LOAD_LINES": str(lines), "NO_PROXY": "127.0.0.1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=(lines.parent / "stderr").open("wb"),
        start_new_session=True,
        preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGKILL) if LINUX else None,
    )


async def _begin(process: "asyncio.subprocess.Process", lines: Path, locustfile: Path, *, patient: bool) -> float:
    """When the run began, as soon as it does. Raises BadInput where the locustfile is broken."""
    deadline = time.monotonic() + BEGINS_WITHIN_S
    while not (first := next(_read(lines), None)):
        if process.returncode is not None:
            raise BadInput(f"{toml.shown(locustfile)}: Locust cannot use it: {_last_words(lines.parent / 'stderr')}")
        if not patient and time.monotonic() > deadline:
            raise EngineTrouble(f"Locust did not begin within {BEGINS_WITHIN_S:.0f} s.")
        await asyncio.sleep(POLL_S)
    return float(first["began_at"])


async def _end(process: "asyncio.subprocess.Process") -> None:
    """Have it end as after Ctrl-C, and in any case."""
    for end in (process.terminate, process.kill):
        if process.returncode is None:
            with suppress(ProcessLookupError):
                end()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOPS_WITHIN_S + 5)


def _read(lines: Path) -> Iterator[dict[str, Any]]:
    """Every whole line so far."""
    for line in lines.read_text(encoding="utf-8").splitlines(keepends=True) if lines.exists() else ():
        if line.endswith("\n"):
            yield json.loads(line)


def _last_words(errors: Path) -> str:
    said = [line.strip() for line in errors.read_text(errors="replace").splitlines() if line.strip()]
    return said[-1] if said else "it said nothing"


def _sample(line: dict[str, Any], began_at: float) -> Sample:
    asked_s = line["asked_at"] - began_at
    return Sample(line["name"], asked_s, asked_s, asked_s + line["elapsed_s"], _error(line["status"], line["error"]))


def _error(status: int | None, said: str) -> str:
    """The kind of a request that was not served. Locust calls 402 and 409 failures; here they tell what is so."""
    if status is None:
        return _kind(said)
    if status not in SERVED:
        return str(status)
    return said if status < 400 else ""


def _kind(error: str) -> str:
    """The kind of a failure that has no status, in the words that a `Buyer` has for it."""
    kinds: dict[str, Callable[[str], bool]] = {
        "no answer came in time": lambda said: "timed out" in said.lower() or "timeout" in said.lower(),
        "the gateway refused the connection": lambda said: "refused" in said,
        "the connection was cut": lambda said: "reset" in said or "aborted" in said or "disconnected" in said,
    }
    return next((kind for kind, is_it in kinds.items() if is_it(error)), error or "no answer")


def _answer(line: dict[str, Any]) -> Answer | None:
    """What a buyer was told, from a line about a purchase."""
    if not _asks(line, "/orders"):
        return None
    asked, status, body, headers = line["asked"], line["status"], line["body"], _small(line["headers"])
    named: dict[str, Any] = {key: str(asked.get(key, "")) for key in ("event", "seat", "buyer")}
    trouble = contract.odd_purchase(status, headers, body, named) if status else f"nothing: {_kind(line['error'])}"
    return Answer(
        **named,
        card=str(asked.get("card", "")),
        request_id=line["request_id"],
        asked_at=line["asked_at"],
        elapsed_s=line["elapsed_s"],
        status=status,
        order_id=contract.order_id(status, headers, body),
        body=body,
        trouble=trouble,
    )


def _held(line: dict[str, Any]) -> Held | None:
    """What a buyer was told, from a line about a hold."""
    if not _asks(line, "/holds"):
        return None
    asked, status, body = line["asked"], line["status"], line["body"]
    event, seat = str(asked.get("event", "")), str(asked.get("seat", ""))
    odd = contract.odd_hold(status, _small(line["headers"]), body, {"event": event, "seat": seat}) if status else ""
    held = Held(str(asked.get("buyer", "")), event, seat, line["asked_at"], line["elapsed_s"], status, trouble=odd)
    is_held = status == 201 and not odd
    return replace(held, hold_id=body["id"], until=contract.expires_at(body)) if is_held else held


def _asks(line: dict[str, Any], path: str) -> bool:
    return line.get("method") == "POST" and isinstance(line["asked"], dict) and line["path"] == path


def _small(headers: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}
