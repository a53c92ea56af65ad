"""`course load` on a real shop: numbers, files, a plot, the ledger; and every mistake in one line."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from breakwater.errors import BadInput
from breakwater.notebook import Shop
from tests.waiting import until

pytestmark = pytest.mark.shop
COURSE = Path(sys.executable).parent / "course"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    work, state = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("s")
    return dict(os.environ) | {"BREAKWATER_WORK": str(work), "BREAKWATER_STATE": str(state), "COLUMNS": "200"}


def course(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([COURSE, *arguments], env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def up(environment: dict[str, str]) -> Iterator[None]:
    assert course(environment, "shop", "up").returncode == 0
    yield
    course(environment, "shop", "down")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    shop.up()
    yield shop
    shop.down()


@pytest.mark.usefixtures("up")
def test_an_open_loop_tells_what_visitors_met_and_ends_with_the_ledger(
    environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    fault = "slow:orders:payments:3s@1-3"  # what is late when it heals arrives then
    done = course(
        environment, "load", "09", "--rate", "6", "--seconds", "4", "--fault", fault, "--out", str(out), "--json"
    )
    report = json.loads(done.stdout)
    # This is the naive shop: two who choose one seat at once may both be sold it.
    assert done.returncode == 1 if report["breaches"] else done.returncode in (0, 2), done.stderr
    assert report["loop"] == "open"
    assert report["waits"]["buy"]["count"] > 0
    assert report["waits"]["buy"]["max_s"] > 0.5, "somebody paid while payments was slow"
    assert [window["fault"] for window in report["faults"]] == ["answers of payments come 3.0 s late"]
    assert [Path(file).name for file in report["files"]] == ["run.json", "over-time.csv", "requests.csv", "plot.svg"]
    assert len(list(csv.DictReader((out / "requests.csv").open()))) == report["requests"]
    assert "answers of payments come 3.0 s late" in (out / "plot.svg").read_text()
    judged = course(environment, "ledger", "--json")
    assert judged.returncode == bool(report["breaches"]), judged.stderr


@pytest.mark.usefixtures("up")
def test_a_closed_loop_of_the_labs_own_file_reads_as_text(environment: dict[str, str]) -> None:
    done = course(environment, "load", "09", "--users", "3", "--seconds", "3")
    assert done.returncode in (0, 1, 2), done.stderr
    assert done.stdout.startswith("3 users for 3 s (closed loop): ")
    assert "The books" in done.stdout
    written = list(Path(environment["BREAKWATER_WORK"], ".course", "load", "09-resilience").glob("*/run.json"))
    assert len(written) == 1


HOLDERS = """
import gevent
from locust import FastHttpUser, LoadTestShape, task

class Holder(FastHttpUser):
    @task
    def hold(self):
        self.client.post("/holds", json={"event": "opening-night", "seat": "J1", "buyer": "ann"}, name="hold")
        gevent.sleep(60)

class ForEver(LoadTestShape):
    def tick(self):
        return 1, 1
"""


@pytest.mark.usefixtures("up")
def test_a_file_of_ones_own_ends_in_time_and_the_ledger_knows_its_holds(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(HOLDERS)
    done = course(environment, "load", "09", "--file", str(tmp_path / "mine.py"), "--users", "1", "--seconds", "2")
    assert done.returncode in (0, 2), done.stdout + done.stderr
    assert "hold                1       0" in done.stdout
    assert "The books balance." in done.stdout
    assert course(environment, "ledger").returncode == 0


@pytest.mark.usefixtures("up")
def test_books_that_do_not_balance_are_told_and_end_with_1(environment: dict[str, str]) -> None:
    # The provider's answer never comes: payments believes that nothing was captured.
    fault = "lose_answer:payments:provider:reset:2@0-3"
    done = course(environment, "load", "09", "--rate", "5", "--seconds", "2", "--fault", fault)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The books do not balance: " in done.stdout


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["77"], "No module is called `77`"),
        (["09", "--rate", "0"], "--rate is visitors a second, above zero, not 0"),
        (["09", "--users", "0"], "users must be 1 to"),
        (["09", "--users", "5", "--rate", "5"], "not both"),
        (["09", "--file", "nowhere.py"], "There is no locustfile nowhere.py"),
        (["09", "--file", "nowhere.py", "--rate", "5"], "not both"),
        (["09", "--rate", "5", "--ui"], "--ui goes with --users"),
        (["09", "--rate", "5", "--fault", "slow:orders:provider:1s@1-2"], "no link orders → provider"),
        (["09", "--rate", "5", "--fault", "kill:paymnts@1-2"], "Did you mean `payments`"),
        (["09", "--rate", "5", "--fault", "kill:payments@30-40"], "comes after the run"),
    ],
)
def test_a_mistake_is_one_line_before_the_run(environment: dict[str, str], arguments: list[str], said: str) -> None:
    done = course(environment, "load", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_shop_that_is_down_is_one_line(tmp_path: Path, environment: dict[str, str]) -> None:
    done = course(environment | {"BREAKWATER_WORK": str(tmp_path / "elsewhere")}, "load", "09", "--rate", "5")
    assert (done.returncode, done.stderr) == (3, "The shop is down. Start it: course shop up\n")


def test_a_lesson_has_both_loops_and_the_picture(shop: Shop) -> None:
    during = (0.5, 1.5)
    run = shop.load(rate=5, seconds=2, weather=shop.faults.slow("orders", "payments", 0.5), during=during)
    assert run.loop == "open"
    assert run.of("buy").max_s > 0.5
    assert "payments answers 0.5 s late" in run.plot().alt
    assert "books balance" in repr(shop.ledger()) or "sold 2 times" in repr(shop.ledger())
    closed = shop.load(users=2, think=False, seconds=2)
    assert closed.loop == "closed"
    assert len(closed.samples) > 2 * 2 / 0.5, "who does not think asks more often than who does"
    assert "gevent" not in sys.modules


def test_what_a_lesson_asks_for_must_make_sense(shop: Shop) -> None:
    for how in ({}, {"rate": 5, "users": 5}):
        with pytest.raises(BadInput, match="one of the two"):
            shop.load(**how)
    with pytest.raises(BadInput, match="needs both"):
        shop.load(rate=5, weather=shop.faults.kill("payments"))


@pytest.mark.usefixtures("up")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a run of Locust ends by its own time")
def test_locust_ends_with_the_command_that_started_it(environment: dict[str, str]) -> None:
    words = [COURSE, "load", "09", "--users", "1", "--seconds", "60"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        children = psutil.Process(command.pid).children
        until(lambda: any("locust" in child.cmdline() for child in children(recursive=True)))
        locust = next(child for child in children(recursive=True) if "locust" in child.cmdline())
        command.kill()
    locust.wait(timeout=20)
