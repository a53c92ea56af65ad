"""How long a learner waits for the embedded engine: a shop up, a shop reset for the next check, a hop through a link.

Each figure is the median of runs in one process, by each way to start a service: *forked* from a warm interpreter,
*plain* (a new interpreter a service), and *walled* (forked, behind walls of its own). A hop's cost is the median
difference of pairs, with and without the proxy, and its ratio to the request without.
    python -m bench.engine --json
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakwater import paths
from breakwater.engines import ShopSpec
from breakwater.engines.description import Link
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.engines.ports import reserve
from breakwater.engines.proxy import LinkProxy

WAYS = {"forked": ("forked", False), "plain": ("plain", False), "walled": ("forked", True)}
ASK = b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: 0123456789abcdef\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID: 0123456789abcdef\r\n\r\nok"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often each way is measured")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    figures = {"load_before": os.getloadavg()[0], "hop": asyncio.run(hop())}
    figures |= {name: starts(name, options.runs) for name in WAYS if name != "walled" or shutil.which("bwrap")}
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, figure in figures.items():
        print(name, figure)


def starts(way: str, runs: int) -> dict[str, float]:
    """Seconds of `up` without and with the database's template, of `reset` and of `down`."""
    seconds: dict[str, list[float]] = {"up_without_template": [], "up": [], "reset": [], "down": []}
    with tempfile.TemporaryDirectory(prefix="bw-", dir="/tmp") as folder, launcher(way, Path(folder)) as isolate:
        for run in range(runs + 1):
            engine = EmbeddedEngine(ShopSpec(paths.BOXOFFICE, Path(folder) / "s"), lease=True, isolate=isolate)
            seconds["up" if run else "up_without_template"].append(timed(engine.up))
            seconds["reset"] += [timed(engine.reset) for _ in range(3)]
            seconds["down"].append(timed(engine.down))
    return {what: round(statistics.median(values), 3) for what, values in seconds.items()}


@contextmanager
def launcher(way: str, folder: Path) -> Iterator[bool]:
    """Have supervisors start services in this way, with a cache of their own; yields whether behind walls."""
    name, isolate = WAYS[way]
    before = dict(os.environ)
    os.environ |= {"BREAKWATER_LAUNCHER": name, "BREAKWATER_CACHE": str(folder / "cache")}
    try:
        yield isolate
    finally:
        os.environ.clear()
        os.environ.update(before)


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


async def hop(pairs: int = 2000) -> dict[str, float]:
    """Microseconds of a request with and without a proxy between, each side in a process of its own."""
    port, proxied = reserve(), reserve()
    with running("serve", port.number), running("carry", proxied.number, port.number):
        direct, through = [await connected(each.number) for each in (port, proxied)]
        taken = [(await ask(*direct), await ask(*through)) for _ in range(pairs)][pairs // 10 :]
    plain = statistics.median(first for first, _ in taken)
    cost = statistics.median(second - first for first, second in taken)
    return {
        "without_us": round(plain * 1e6, 1),
        "proxy_adds_us": round(cost * 1e6, 1),
        "ratio": round((plain + cost) / plain, 2),
    }


@contextmanager
def running(role: str, *arguments: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "bench.engine", f"--{role}", *map(str, arguments)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(20):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    began = time.perf_counter()
    writer.write(ASK)
    await reader.readexactly(len(ANSWER))
    return time.perf_counter() - began


async def serve(port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)

    await (await asyncio.start_server(answer, "127.0.0.1", port)).serve_forever()


async def carry(port: int, target: int) -> None:
    await LinkProxy(Link("a", "b"), target).listen(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(int(sys.argv[2])))
    elif sys.argv[1:2] == ["--carry"]:
        asyncio.run(carry(int(sys.argv[2]), int(sys.argv[3])))
    else:
        main()
