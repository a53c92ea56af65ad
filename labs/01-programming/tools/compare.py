"""Compare pricing in three languages on this machine: image, start, memory, requests a second. As a table, and a plot.

    python labs/01-programming/tools/compare.py --plot build/languages.svg      # the shop as it is handed out
    python labs/01-programming/tools/compare.py --shop work/shop                # yours

Each runs in a container of its own, one after another, with one processor and 512 MB. Nothing else should be running.
"""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NoReturn

import report
from contract import BAD_INPUT, CONTRACT, Parser, broken

SHOP = Path(__file__).resolve().parents[2] / "boxoffice"
GENERATOR = Path(__file__).with_name("generator.py")
LANGUAGES = ("python", "go", "java")
PORT = 8000
LABEL = "breakwater.compare"
MEMORY_MB = 512
NANO_CPUS = 1_000_000_000
STARTS = 5
CONNECTIONS, WARM_UP_S, SECONDS = 32, 3.0, 5.0
READY_WITHIN_S = 60.0
POLL_S = 0.005
SETTLE_S = 1.0
READY = b"GET /readyz HTTP/1.1\r\nHost: pricing\r\nConnection: close\r\n\r\n"


class Trouble(Exception):
    """It cannot be measured. Its text is one line: what is wrong, where, and what to do."""


class Bench:
    """Builds pricing and runs it in containers; all that it began is removed by `close`."""

    def __init__(self) -> None:
        """Raises Trouble where there is no Docker."""
        import docker
        from docker.errors import DockerException

        try:
            self._client = docker.from_env()
            self.version = str(self._client.version()["Version"])
        except DockerException:
            raise Trouble("No Docker daemon answers. Start Docker, then again; see: course doctor docker") from None
        self._run = uuid.uuid4().hex

    def built(self, folder: Path, language: str) -> Any:
        """Build the image of a folder and return it. Raises Trouble if it does not build."""
        from docker.errors import APIError, BuildError

        try:
            image, _ = self._client.images.build(path=str(folder), tag=f"compare-pricing:{language}", rm=True)
        except BuildError as error:
            said = [line for chunk in error.build_log for line in str(chunk.get("stream", "")).splitlines() if line]
            raise Trouble(f"{folder}/Dockerfile does not build: {error.msg} ({said[-1] if said else '…'})") from None
        except APIError as error:
            why = " ".join(str(error.explanation or error).split())
            raise Trouble(f"{folder}/Dockerfile does not build: {why}. Its base: course images --all") from None
        return image

    @contextmanager
    def container(self, image: Any) -> Iterator[Any]:
        """A container that is made, and not started yet. It is removed at the end."""
        made = self._client.containers.create(
            image,
            environment={"PRICES": _prices()},
            ports={f"{PORT}/tcp": ("127.0.0.1", None)},
            mem_limit=f"{MEMORY_MB}m",
            memswap_limit=f"{MEMORY_MB}m",
            nano_cpus=NANO_CPUS,
            healthcheck={"test": ["NONE"]},  # a probe that starts an interpreter would be measured, too
            labels={LABEL: self._run},
        )
        try:
            yield made
        finally:
            made.remove(force=True)

    def close(self) -> None:
        """Remove whatever containers are left: one that was made just as we were told to stop."""
        for left in self._client.containers.list(all=True, filters={"label": f"{LABEL}={self._run}"}):
            left.remove(force=True)


def _prices() -> str:
    prices = json.loads(CONTRACT.read_text(encoding="utf-8"))["prices"]
    return " ".join(f"{event}={cents}" for event, cents in prices.items())


def measure(bench: Bench, folder: Path, language: str) -> dict[str, Any]:
    """Build pricing in one language, run it, and return what it takes. Raises Trouble."""
    image = bench.built(folder, language)
    starts = [_started(bench, image, folder, check=not number) for number in range(STARTS)]
    with bench.container(image) as container:
        address = _start(container, folder)
        time.sleep(SETTLE_S)
        idle = _memory_mb(container)
        load = _load(address, folder)
        loaded = _memory_mb(container)
    return {
        "image_mb": round(image.attrs["Size"] / 1e6, 1),
        "ready_s": round(median(starts), 3),
        "starts_s": [round(seconds, 3) for seconds in starts],
        "idle_mb": idle,
        "loaded_mb": loaded,
        **load,
    }


def _started(bench: Bench, image: Any, folder: Path, *, check: bool) -> float:
    """Seconds from a container's start until it was ready; with `check`, it is held to its contract then."""
    with bench.container(image) as container:
        began = time.perf_counter()
        host, port = _start(container, folder)
        took = time.perf_counter() - began
        lines = broken(f"http://{host}:{port}") if check else []
    if lines:
        raise Trouble(f"{folder} breaks its contract {len(lines)} times, so there is nothing to compare: {lines[0]}")
    return took


def _start(container: Any, folder: Path) -> tuple[str, int]:
    """Start a container; return where it is reached, as soon as it is ready there."""
    container.start()
    container.reload()
    address, deadline = _address(container), time.monotonic() + READY_WITHIN_S
    while not _is_ready(address):
        container.reload()
        if container.status == "exited" or time.monotonic() > deadline:
            said = container.logs(tail=1).decode(errors="replace").strip()
            raise Trouble(f"{folder} does not become ready: {said or 'it said nothing'}")
        time.sleep(POLL_S)
    return address


def _address(container: Any) -> tuple[str, int]:
    """The port of this machine that leads to the container: past Docker's proxy, which all three have in front."""
    published = container.attrs["NetworkSettings"]["Ports"].get(f"{PORT}/tcp")
    return "127.0.0.1", int(published[0]["HostPort"]) if published else 0  # none, where it has ended already


def _is_ready(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, 1.0) as connection:
            connection.sendall(READY)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _memory_mb(container: Any) -> float:
    """What a container has in memory, in megabytes, as `docker stats` counts it: without files that can be let go."""
    found = container.stats(stream=False, one_shot=True)["memory_stats"]
    details = found.get("stats", {})
    files = details.get("inactive_file", details.get("total_inactive_file", 0))
    return round((found["usage"] - files) / 1e6, 1)


def _load(address: tuple[str, int], folder: Path) -> dict[str, Any]:
    """Have a process of its own ask for quotes; return what it counted. Raises Trouble if any went wrong."""
    words = [sys.executable, str(GENERATOR), address[0], str(address[1]), "--connections", str(CONNECTIONS)]
    words += ["--warm-up", str(WARM_UP_S), "--seconds", str(SECONDS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{folder} could not be asked: {done.stderr.strip() or 'the load generator ended'}")
    counted: dict[str, Any] = json.loads(done.stdout)
    if counted["failed"] or not counted["answered"]:
        raise Trouble(f"{folder} failed {counted['failed']} requests under load, and answered {counted['answered']}.")
    return counted


def compare(shop: Path, languages: list[str]) -> dict[str, Any]:
    """Measure pricing of the shop in a folder in these languages, one after another. Raises Trouble."""
    folders = {language: shop / "pricing" / language for language in languages}
    for folder in folders.values():
        if not (folder / "Dockerfile").is_file():
            raise Trouble(f"{folder} has no Dockerfile: name a shop that has pricing there, e.g. --shop work/shop")
    bench = Bench()
    try:
        rows = {}
        for language, folder in folders.items():
            print(f"{language} ...", file=sys.stderr, flush=True)
            rows[language] = measure(bench, folder, language)
    finally:
        bench.close()
    machine = {"processors": os.cpu_count(), "system": platform.platform(), "docker": bench.version}
    bounds = {"processors": NANO_CPUS / 1e9, "memory_mb": MEMORY_MB, "connections": CONNECTIONS, "seconds": SECONDS}
    return {"machine": machine, "bounds": bounds, "languages": rows}


def main() -> int:
    parser = Parser(description="Compare pricing in three languages on this machine.")
    parser.add_argument("--shop", metavar="DIR", type=Path, default=SHOP, help="the shop's folder; else ours")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES, help="only these")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write what was measured")
    parser.add_argument("--table", metavar="FILE", type=Path, help="write the table, which is printed, as well")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw it, as SVG")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _told_to_stop)
    try:
        found = compare(given.shop, list(given.languages))
        table = report.table(found)
        print(table, end="")
        for file, text in ((given.json, json.dumps(found, indent=1) + "\n"), (given.table, table)):
            if file:
                file.write_text(text, encoding="utf-8")
        if given.plot:
            report.plot(found, given.plot)
    except (Trouble, OSError) as trouble:
        print(trouble, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130
    return 0


def _told_to_stop(*_: object) -> NoReturn:
    """End as by Ctrl-C: containers are removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
