"""Pricing in Python, as a process: its contract, and how it leaves. In containers, and in other languages:
tests/compose/test_pricing.py."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import pricing
from tests.boxoffice.conftest import START_S, free_port
from tests.waiting import until


@dataclass
class Running:
    """A pricing that runs. `log` is what it prints."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start pricing, as it is handed out or `mended`; ended after the test."""
    begun: list[Running] = []

    def run(*, mended: bool = False, prices: str | None = pricing.listed()) -> Running:
        folder, port = pricing.lay("python", tmp_path / f"pricing-{len(begun)}", mended=mended), free_port()
        environment = {name: value for name, value in os.environ.items() if name != "PRICES"}
        environment |= {"PRICES": prices} if prices is not None else {}
        words = [sys.executable, "-m", "app.main", "--host", "127.0.0.1", "--port", str(port)]
        log = folder / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(words, cwd=folder, env=environment, stdout=file, stderr=file)
        begun.append(Running(process, f"http://127.0.0.1:{port}", log))
        return begun[-1]

    yield run
    for one in begun:
        one.process.kill()
        one.process.wait()


@pytest.mark.parametrize("mended", [False, True], ids=["starter", "mended"])
def test_it_keeps_its_contract(start: Start, mended: bool) -> None:
    running = start(mended=mended)
    until(running.is_ready, START_S)
    assert pricing.contract().broken(running.url, pricing.PRICES) == []
    assert pricing.tool("contract.py", running.url).stdout == ""


def test_it_logs_one_line_of_json_for_each_request_and_none_for_a_probe(start: Start) -> None:
    running = start()
    until(running.is_ready, START_S)
    booking = {"event": "opening-night", "seats": 12}
    httpx.post(f"{running.url}/quotes", json=booking, headers={"X-Request-ID": "find-me"}, trust_env=False)
    until(lambda: "find-me" in running.log.read_text())
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    found = [line for line in lines if line["request_id"] == "find-me"]
    assert [(line["service"], line["message"], line["status"]) for line in found] == [("pricing", "POST /quotes", 200)]
    assert not any("readyz" in line["message"] for line in lines)


@pytest.mark.parametrize("prices", [None, "opening-night", "opening-night=45.00", "opening-night=-1", "a b=1", "é=1"])
def test_a_price_list_that_cannot_be_read_ends_it(start: Start, prices: str | None) -> None:
    running = start(prices=prices)
    assert running.process.wait(START_S) not in (0, None)
    assert "is not EVENT=CENTS" in running.log.read_text() or prices is None


def test_mended_it_leaves_in_order(start: Start) -> None:
    running = start(mended=True)
    until(running.is_ready, START_S)
    seen = pricing.watch_it_leave(running.url, lambda: running.process.send_signal(signal.SIGTERM))
    assert seen.unready_s is not None
    assert seen.refused_s - seen.unready_s >= 0.5
    assert seen.half_sent == (200,) * pricing.HALF_SENT
    assert running.process.wait(8) == 0


def test_with_nothing_under_way_it_does_not_wait(start: Start) -> None:
    running = start(mended=True)
    until(running.is_ready, START_S)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(4) == 0


def test_as_it_is_handed_out_it_drops_what_it_has_begun(start: Start) -> None:
    running = start()
    until(running.is_ready, START_S)
    seen = pricing.watch_it_leave(running.url, lambda: running.process.send_signal(signal.SIGTERM))
    assert seen.unready_s is None
    assert 200 not in seen.half_sent


def test_a_mended_one_that_cannot_listen_ends_with_a_failure(start: Start) -> None:
    first = start()
    until(first.is_ready, START_S)
    port = first.url.rpartition(":")[2]
    folder = first.log.parent
    environment = {**os.environ, "PRICES": pricing.listed()}
    mended = pricing.lay("python", folder.parent / "second", mended=True)
    words = [sys.executable, "-m", "app.main", "--host", "127.0.0.1", "--port", port]
    done = subprocess.run(words, cwd=mended, env=environment, capture_output=True, timeout=START_S, check=False)
    assert done.returncode not in (0, None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "pricing", "ftp://pricing", "http://[", ""])
def test_an_address_where_nobody_answers_is_one_clear_line(url: str) -> None:
    done = pricing.tool("contract.py", url)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


@pytest.mark.parametrize("words", [["contract.py"], ["compare.py", "--shop", "/nowhere"], ["compare.py", "--what"]])
def test_a_command_that_cannot_be_used_is_one_clear_line(words: list[str]) -> None:
    done = pricing.tool(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)


def test_the_load_counts_what_was_answered(start: Start) -> None:
    running = start()
    until(running.is_ready, START_S)
    host, _, port = running.url.removeprefix("http://").partition(":")
    done = pricing.tool("generator.py", host, port, "--connections", "4", "--warm-up", "0.2", "--seconds", "0.5")
    counted = json.loads(done.stdout)
    assert counted["answered"] > 10
    assert counted["failed"] == 0
    assert 0 < counted["median_ms"] <= counted["p99_ms"] < 1000
