"""A locustfile meets an instrumented shop: what arrived is known, whoever came, and nothing is left running."""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import designs
import httpx
import pytest
from judging import judged

from breakwater import contract, paths
from breakwater.checks import visitors as fixture
from breakwater.checks.instrumented import EVENT, InstrumentedShop
from breakwater.checks.job import CheckJob
from breakwater.checks.scene import Observed
from breakwater.checks.verdict import CheckResult, Verdict
from breakwater.checks.visitors import Arrivals, Visitors
from tests.waiting import until

FILE = "visitors/locustfile.py"
WALLS = [
    pytest.param(False, id="plain"),
    pytest.param(
        True,
        id="walled",
        marks=[
            pytest.mark.sandbox,
            pytest.mark.skipif(not shutil.which("bwrap") and not os.environ.get("BREAKWATER_CI"), reason="no bwrap"),
        ],
    ),
]

VISIT = """
    import random, sys
    from locust import HttpUser, FastHttpUser, task
    from locust.exception import StopUser

    class Visitor({kind}):
        @task
        def visit(self):
            seats = self.client.get("/events/opening-night/seats").json()
            wish = dict(event="opening-night", buyer=str(random.random()))
            wish["seat"] = random.choice([row["seat"] for row in seats if not row["sold"]])
            hold = self.client.post("/holds", json=wish).json()
            self.client.post("/orders", json=dict(wish, hold=hold["id"], card="4242424242424242"))
            raise StopUser
"""
ASKS_FOR_EVER = """
    from locust import HttpUser, task

    class Visitor(HttpUser):
        @task
        def look(self):
            self.client.get("/events/opening-night/seats")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop" / "visitors").mkdir(parents=True)
    return tmp_path / "shop"


def write(shop: Path, text: str) -> None:
    (shop / FILE).write_text(textwrap.dedent(text))


async def run(shop: Path, *, users: int = 3, seconds: float = 2.0, isolate: bool = False) -> Arrivals:
    visitors = Visitors(CheckJob("77-topic", shop, isolate=isolate), random.Random(1))
    return await visitors(FILE, users=users, seconds=seconds)


@pytest.mark.parametrize("isolate", WALLS)
@pytest.mark.parametrize("kind", ["HttpUser", "FastHttpUser"])
async def test_each_visitor_is_known_by_its_cookie(shop, kind, isolate) -> None:
    write(shop, VISIT.format(kind=kind))
    arrivals = await run(shop, isolate=isolate)
    assert [visit.number for visit in arrivals.visits] == [1, 2, 3]
    for visit in arrivals.visits:
        assert [(each.method, each.path) for each in visit.requests] == [
            ("GET", f"/events/{EVENT}/seats"),
            ("POST", "/holds"),
            ("POST", "/orders"),
        ]
        assert visit.requests[0].status == 200
        assert len(visit.thought_s) == 2
        assert min(visit.thought_s) >= 0
    assert arrivals.requests[0].asked_s == 0.0
    assert arrivals.ended_s >= 2.0
    assert "gevent" not in sys.modules


async def test_who_asks_for_ever_is_stopped_in_time(shop, monkeypatch) -> None:
    monkeypatch.setattr(fixture, "MOST_REQUESTS", 50)
    write(shop, ASKS_FOR_EVER)
    arrivals = await run(shop, seconds=30.0)
    assert arrivals.ended_s < 20.0
    assert len(arrivals.requests) >= 50


NOBODY = {
    "import nothing_of_this_name": "Locust ended with visitors/locustfile.py: ModuleNotFoundError",
    "def broken(:": "SyntaxError: ",
    "x = 1": "Locust ended with visitors/locustfile.py: ",
    "import os; os._exit(0)": "it said nothing",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "it said nothing",
    "import sys; sys.stderr.write('\\x1b[31m\\n' + 'x' * 10_000_000); sys.exit(3)": "xxxx",
}


@pytest.mark.parametrize("text", NOBODY)
async def test_a_file_that_brings_nobody_is_observed_with_its_last_words(shop, text) -> None:
    write(shop, text)
    with pytest.raises(Observed, match=r"^nobody came: ") as error:
        await run(shop)
    assert NOBODY[text] in str(error.value)
    assert len(str(error.value)) < 500
    assert str(error.value).isprintable()


async def test_a_file_that_never_asks_is_observed(shop, monkeypatch) -> None:
    monkeypatch.setattr(fixture, "COMES_WITHIN_S", 0.5)
    write(shop, "while True: pass")
    with pytest.raises(Observed, match="nobody came in the 0 s"):
        await run(shop)


async def test_a_shop_without_the_file_is_observed(shop) -> None:
    with pytest.raises(Observed, match=r"the shop has no visitors/locustfile\.py"):
        await run(shop)


DAEMON = """
    import os, signal, sys
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if not os.fork():
        os.setsid()
        if not os.fork():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execvp(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{token}"])
        os._exit(0)
"""


@pytest.mark.parametrize("isolate", WALLS)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a daemon of one's own machine's is let be")
async def test_nothing_of_it_is_left(shop, isolate) -> None:
    token = f"daemon-{random.random()}"
    write(shop, DAEMON.format(token=token) + ASKS_FOR_EVER)
    running = asyncio.create_task(run(shop, users=1, isolate=isolate))
    await asyncio.to_thread(until, lambda: _with(token))
    assert (await running).visits
    until(lambda: not _with(token))
    until(lambda: not _with(str(shop)))


ALONE = """
import asyncio, random, sys
from pathlib import Path
from breakwater.checks.job import CheckJob
from breakwater.checks.visitors import Visitors

visitors = Visitors(CheckJob("77-topic", Path(sys.argv[1]), isolate=bool(sys.argv[2:])), random.Random(1))
asyncio.run(visitors("visitors/locustfile.py", users=1, seconds=60.0))
"""


@pytest.mark.parametrize("isolate", WALLS)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they end by themselves")
def test_it_ends_with_a_judge_that_is_killed(shop, isolate) -> None:
    token = f"daemon-{random.random()}"
    write(shop, DAEMON.format(token=token) + ASKS_FOR_EVER)
    judge = subprocess.Popen([sys.executable, "-c", ALONE, shop, *["isolate"] * isolate])
    try:
        until(lambda: _with(token))
    finally:
        judge.kill()
        judge.wait()
    until(lambda: not _with(token))


def _with(words: str) -> list[str]:
    """The processes that have these words in their command line."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and words in _command(pid)]


def _command(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_text(errors="replace")
    except OSError:
        return ""


CHECK = '''
import pytest

@pytest.mark.check("comes")
@pytest.mark.points(1, outcome="x.y")
async def test_comes(visitors):
    """Somebody comes, and looks."""
    arrivals = await visitors("visitors/locustfile.py", users=1, seconds=1.0)
    for visit in arrivals.visits:
        if len(visit.requests) < 3:
            visit.fail("left too soon")
'''


@pytest.fixture
def judge(shop, tmp_path, monkeypatch) -> Callable[[], CheckResult]:
    """The verdict on the shop's visitors of a check that wants three requests of each."""
    monkeypatch.setattr(paths, "LABS", tmp_path / "labs")
    monkeypatch.setattr(paths, "SOLUTIONS", tmp_path / "solutions")
    folder = paths.LABS / "77-topic" / "checks"
    folder.mkdir(parents=True)
    (folder / "test_public.py").write_text(CHECK)
    return lambda: judged(designs.settles_later, "77-topic", shop=shop)["comes"]


def test_visitors_who_do_as_described_pass(shop, judge) -> None:
    write(shop, VISIT.format(kind="HttpUser"))
    assert judge().verdict is Verdict.PASSED


def test_a_visit_that_is_none_fails_with_the_visit_as_evidence(shop, judge) -> None:
    write(shop, ASKS_FOR_EVER.replace('seats")', 'seats"); import gevent; gevent.sleep(60)'))
    check = judge()
    assert (check.verdict, check.message) == (Verdict.FAILED, "visitor 1 left too soon")
    assert check.evidence == (f"visitor 1: 0.00 s GET /events/{EVENT}/seats (200)",)


def test_what_a_visitor_asked_for_steers_no_terminal(shop, judge) -> None:
    once = ASKS_FOR_EVER.replace("/events/opening-night/seats", "/%1b%5b31m")
    write(shop, once.replace('")', '"); import gevent; gevent.sleep(60)', 1))
    assert judge().evidence == ("visitor 1: 0.00 s GET / [31m (404)",)


def test_a_file_that_does_not_import_fails_with_the_reason(shop, judge) -> None:
    write(shop, "import nothing_of_this_name")
    check = judge()
    assert check.verdict is Verdict.FAILED
    assert "ModuleNotFoundError: No module named 'nothing_of_this_name'" in check.message


def test_without_locust_nothing_is_known_and_it_is_said_what_to_install(shop, judge, monkeypatch) -> None:
    monkeypatch.setattr(fixture, "find_spec", lambda name: None)
    write(shop, VISIT.format(kind="HttpUser"))
    check = judge()
    assert check.verdict is Verdict.UNKNOWN
    assert check.message.endswith("It comes with the lessons' packages: make start")


async def test_the_instrumented_shop_keeps_the_contract() -> None:
    app = InstrumentedShop(random.Random(1), lambda: 0.0)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        seats = (await client.get(f"/events/{EVENT}/seats")).json()
        assert contract.odd_seats(200, {}, seats) == ""
        free = next(row["seat"] for row in seats if not row["sold"])
        gone = next(row["seat"] for row in seats if row["sold"])
        wish = {"event": EVENT, "seat": free, "buyer": "ann"}
        hold = await client.post("/holds", json=wish)
        assert (hold.status_code, contract.odd_hold(201, {}, hold.json(), {"event": EVENT, "seat": free})) == (201, "")
        order = wish | {"card": "4242424242424242"}
        held = order | {"hold": hold.json()["id"]}
        for refused in (order, held | {"buyer": "bob"}, held | {"hold": "x"}, order | {"seat": gone}):
            assert (await client.post("/orders", json=refused)).status_code == 409
        bought = await client.post("/orders", json=held)
        assert (bought.status_code, contract.odd_purchase(201, {}, bought.json(), wish)) == (201, "")
        assert (await client.get(f"/orders/{bought.json()['id']}")).json() == bought.json()
        assert (await client.post("/orders", json=held)).status_code == 409
        for path, body, status in (
            ("/holds", wish | {"seat": gone}, 409),
            ("/holds", wish | {"seat": "Z99"}, 404),
            ("/holds", wish | {"buyer": 7}, 422),
            ("/orders", order | {"card": "1"}, 422),
            ("/orders", ["no object"], 422),
        ):
            answer = await client.post(path, json=body)
            assert answer.status_code == status
            assert contract.odd_purchase(status, answer.headers, answer.json(), {}) == ""
    assert len({each.visitor for each in app.arrivals}) == 1
