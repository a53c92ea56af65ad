"""The shop as a lesson uses it: each step one readable line.

The shop lives as long as the kernel: its supervisor holds a lease on this process.
"""

import asyncio
import itertools
import time
import uuid
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, TypeVar

import httpx

from breakwater import ledger, paths, syllabus
from breakwater.buyer import EVENT, GOOD_CARD, Answer, Buyer
from breakwater.checks.footprints import Footprints
from breakwater.checks.http import Heard
from breakwater.engines import Engine, ShopSpec
from breakwater.engines.embedded import EmbeddedEngine
from breakwater.errors import BadInput
from breakwater.ledger.interleaving import FaultWindow
from breakwater.load import Run, closed, opened
from breakwater.load.weather import Timed
from breakwater.notebook import _profile, _services, _variants, _weather
from breakwater.notebook._books import Books
from breakwater.notebook._loop import wait_for
from breakwater.notebook._profile import Profile
from breakwater.notebook._sale import Page, Sale, Table, compared, visited
from breakwater.notebook._services import Impatient, Readers, Replaced, Said, Watched
from breakwater.notebook._weather import Weather

PATIENCE_S = 15.0
PAGE_EVERY_S = 0.2

T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """What one buyer was told."""

    answer: Answer

    def __repr__(self) -> str:
        body = self.answer.body if isinstance(self.answer.body, dict) else {}
        says = body.get("detail") or (f"order {body['status']}" if "status" in body else "")
        return f"{self.answer.told} after {self.answer.elapsed_s:.2f} s{f': {says}' if says else ''}"


class Shop:
    """One running shop, and what was seen of it since `up`."""

    faults = _weather
    slow = staticmethod(_weather.slow)
    dead = staticmethod(_weather.kill)
    losing_answers = staticmethod(_weather.lost_answers)

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._buyer: Buyer | None = None
        self._faults: list[FaultWindow] = []
        self._asked: list[Answer | Page] = []
        self._seats: Iterator[str] = iter(())
        self._own: TemporaryDirectory[str] | None = None

    def up(
        self, folder: Path | str | None = None, *, over: Sequence[str] = (), mine: Mapping[str, Any] | None = None
    ) -> Table:
        """Start a shop and wait until it is healthy; the naive one unless `folder` names another.

        `over` are variants that are laid over it, e.g. `"09-resilience/retry-at-once"`; `mine` puts the cell that
        defines a class or function of yours into one of its files, e.g. `{"orders/app/budget.py": RetryBudget}`.
        Running it again gives a fresh shop: seats unsold, books empty.
        """
        self.down()
        state = Path(mkdtemp(prefix="lesson-", dir=_state()))
        shop = Path(folder) if folder else paths.BOXOFFICE
        if over or mine:
            shop = _variants.made(shop, over, mine or {}, self._folder())
        engine = EmbeddedEngine(ShopSpec(shop, state), lease=True)
        rows = engine.up()
        self._engine = engine
        self._open()
        return Table(
            ("service", "state", "seconds"), tuple((row.name, row.state, f"{row.seconds:.2f}") for row in rows)
        )

    def down(self) -> None:
        """Stop the shop, if one runs."""
        if self._engine:
            self._engine.down()
        self._engine = self._buyer = None
        if self._own:
            self._own.cleanup()
            self._own = None

    def _folder(self) -> Path:
        """A folder for a shop of our own making, gone when the shop is down."""
        self._own = TemporaryDirectory(prefix="shop-")
        return Path(self._own.name) / "shop"

    def buy(self, seat: str | None = None, *, card: str = GOOD_CARD) -> Told:
        """One buyer asks for a seat and waits for the answer."""
        answer = wait_for(self._buying().buy(seat or self._seat(), card=card))
        self._asked.append(answer)
        return Told(answer)

    def sale(
        self,
        buyers: int,
        over_s: float,
        weather: Weather | None = None,
        during: tuple[float, float] | None = None,
        always: Weather | None = None,
        visitors: int = 0,
    ) -> Sale:
        """Open a sale in a fresh shop: `buyers` come in `over_s` seconds, evenly spaced.

        Beside them somebody loads the seat page five times a second, and `visitors`, evenly spaced as well, load the
        event page once each. `weather` lasts from the first to the second moment of `during`, in seconds after the
        sale's begin; `always` lasts as long as the sale. Nobody waits for the one before: a slow shop does not slow
        the arrivals down.
        """
        if (weather is None) != (during is None):
            raise BadInput("A sale with weather needs both: weather=… and during=(from_s, until_s).")
        engine = self._running()
        self._fresh()
        began_at = time.time()
        with always.lasts(engine) if always else nullcontext():
            answers, pages, visits = wait_for(self._sale(buyers, over_s, visitors, weather, during or (0, 0)))
        self._asked += [*pages, *visits, *answers]
        name = weather.what if weather else "a quiet evening"
        return Sale(name, began_at, during, tuple(answers), tuple(pages), tuple(engine.trace()), tuple(visits))

    def load(
        self,
        *,
        rate: float = 0.0,
        users: int = 0,
        seconds: float = 20.0,
        weather: Weather | None = None,
        during: tuple[float, float] | None = None,
        think: bool = True,
        module: str = "09",
    ) -> Run:
        """Load a fresh shop, and return what was seen: numbers, and `plot()` for a picture.

        Either `rate`: an open loop, so many visitors a second, however slow the shop is; or `users`: a closed loop, in
        which each of them waits for an answer before it asks again (Locust, on the locustfile of the module's lab),
        and without `think` does so at once.
        `weather` lasts from the first to the second moment of `during`, in seconds of the run.
        """
        if bool(rate) == bool(users):
            raise BadInput("A load needs one of the two: rate=… (an open loop) or users=… (a closed one).")
        if (weather is None) != (during is None):
            raise BadInput("A load with weather needs both: weather=… and during=(from_s, until_s).")
        engine = self._running()
        self._fresh()
        common: dict[str, Any] = {"seconds": seconds, "windows": self._faults}
        if weather and during:
            common["faults"] = [Timed(weather.what, f"no longer: {weather.what}", weather.lasts, *during)]
        if rate:
            return wait_for(opened.drive(engine, self._buying(), rate=rate, **common))
        file = closed.locustfile_of(syllabus.load().find_built(module).id)
        return wait_for(closed.drive(engine, self._buying(), file, users=users, think=think, **common))

    def visit(self, path: str, *, leaves_after_s: float = PATIENCE_S) -> Page:
        """One visitor asks the gateway for `path`, and leaves where no answer has come after so many seconds."""
        page = wait_for(self._visit(path, leaves_after_s))
        self._asked.append(page)
        return page

    def ask(self, service: str, path: str, *, raw: str | None = None) -> Said:
        """Ask a service something, past the gateway: GET, or POST where there is a body, which is sent as it is."""
        return wait_for(_services.ask(self._running(), service, path, raw))

    def profile(self, service: str = "catalog", *, seconds: float = 4.0, searchers: int = 0) -> Profile:
        """Look a hundred times a second where a service is, while people search; the functions in which it mostly was.

        Raises BadInput where this machine does not let one process look into another.
        """
        self._fresh()
        return wait_for(_profile.taken(self._running(), service, seconds, searchers))

    def watch(
        self, service: str = "catalog", path: str = "/healthz", *, seconds: float = 4.0, searchers: int = 0
    ) -> Watched:
        """Ask a service the same twenty times a second, while so many people search the catalog without a pause."""
        self._fresh()
        return wait_for(_services.watch(self._running(), service, path, seconds, searchers))

    def slow_readers(self, count: int = 4, path: str = _services.LIST, *, seconds: float = 5.0) -> Readers:
        """Let people ask the gateway for a long list and read it slowly; look at the memory of the services."""
        self._fresh()
        return wait_for(_services.slow_readers(self._running(), count, path, seconds))

    def impatient(self, path: str, *, visitors: int = 72, a_second: float = 12, over_s: float = 2.0) -> Impatient:
        """Let people ask the gateway for `path` who leave where nothing has come in time; see what is done for them."""
        return wait_for(_services.impatient(self._running(), path, visitors, a_second, over_s))

    def memory_mb(self, service: str) -> float:
        """How much memory a service has now, in megabytes."""
        return Footprints(self._running()).now(service)[service].memory_mb

    def replace(self, service: str = "pricing") -> Replaced:
        """Have a service told to stop and started again, as for a new version, while bookings are sent to it."""
        self._fresh()
        return wait_for(_services.replace(self._running(), service))

    @contextmanager
    def weather(self, *weathers: Weather) -> Iterator[None]:
        """While it lasts, all of this weather."""
        with ExitStack() as lasting:
            for weather in weathers:
                lasting.enter_context(self._lasting(weather))
            yield

    def trace(self, of: Told | Answer | Page | Heard | None = None) -> Table:
        """What the links saw of one request, the latest unless `of` names another; seconds after it was asked."""
        asked = of.answer if isinstance(of, Told) else of or self._latest()
        who = "buyer" if isinstance(asked, Answer) else "reader"
        # The outermost link shows what the asker saw, and the asker's own clock shows that better.
        inside = [one for one in self._running().trace() if one.callee != "gateway"]
        seen = [one for one in inside if one.request_id == asked.request_id]
        hops = [(one.asked_at, f"{one.caller} → {one.callee}", one.request) for one in seen]
        hops += [(at, f"{one.callee} → {one.caller}", str(one.status or "")) for one in seen if (at := one.answered_at)]
        hops += [(at, f"{one.caller} gives up", f"what it asked {one.callee}") for one in seen if (at := one.left_at)]
        ends = f"gateway → {who}" if asked.status else f"{who} gives up"
        hops += [(asked.asked_at, f"{who} → gateway", ""), (asked.asked_at + asked.elapsed_s, ends, _status(asked))]
        rows = tuple((f"{at - asked.asked_at:.3f}", hop, what) for at, hop, what in sorted(hops))
        return Table(("s", "from → to", "what"), rows)

    def ledger(self) -> Books:
        """Hold what buyers were told, the provider's books and the shop's own account against each other."""
        case = wait_for(ledger.Ledger(self._running(), self._buying(), (), self._faults).look())
        return Books(ledger.judge(case, ledger.load()), len(case.record.told), len(case.record.captures))

    @contextmanager
    def lost_answers(self, count: int) -> Iterator[None]:
        """While it lasts, the provider makes the next `count` captures and their answers never arrive."""
        with self._lasting(_weather.lost_answers(count)):
            yield

    @staticmethod
    def table(*sales: Sale) -> Table:
        """Sales side by side."""
        return compared(sales)

    @staticmethod
    def visits(caller: str, callee: str, **sales: Sale) -> Table:
        """Loads of the event page side by side, by name: percentiles, and what one load cost on a link."""
        return visited(sales, caller, callee)

    async def _visit(self, path: str, patience_s: float) -> Page:
        async with _reader() as reader:
            return await _load(reader, f"{self._running().endpoint('gateway')}{path}", patience_s)

    async def _sale(
        self, buyers: int, over_s: float, visitors: int, weather: Weather | None, during: tuple[float, float]
    ) -> tuple[list[Answer], list[Page], list[Page]]:
        seats = [self._seat() for _ in range(buyers)]
        page = f"{self._running().endpoint('gateway')}/events/{EVENT}"
        async with _reader() as reader, asyncio.TaskGroup() as group:
            if weather:
                group.create_task(self._pass_over(weather, during))
            asks = [
                group.create_task(_at(over_s * n / buyers, self._buying().buy(seat))) for n, seat in enumerate(seats)
            ]
            moments = [n * PAGE_EVERY_S for n in range(int(over_s / PAGE_EVERY_S))]
            loads = [group.create_task(_at(moment, _load(reader, f"{page}/seats"))) for moment in moments]
            moments = [over_s * n / visitors for n in range(visitors)]
            visits = [group.create_task(_at(moment, _load(reader, page))) for moment in moments]
        return [task.result() for task in asks], [task.result() for task in loads], [task.result() for task in visits]

    async def _pass_over(self, weather: Weather, during: tuple[float, float]) -> None:
        """Let the weather begin and end at its moments."""
        begin, end = during
        await asyncio.sleep(begin)
        lasting = self._lasting(weather)
        await asyncio.to_thread(lasting.__enter__)
        try:
            await asyncio.sleep(end - begin)
        finally:
            await asyncio.to_thread(lasting.__exit__, None, None, None)

    @contextmanager
    def _lasting(self, weather: Weather) -> Iterator[None]:
        """The weather, kept in the account of what happened to this shop."""
        place = len(self._faults)
        self._faults.append(FaultWindow(weather.what, f"no longer: {weather.what}", time.time()))
        with weather.lasts(self._running()):
            yield
        self._faults[place] = replace(self._faults[place], healed_at=time.time())

    def _fresh(self) -> None:
        self._running().reset()
        self._open()

    def _open(self) -> None:
        """Begin a new account of a fresh shop: nobody has asked for anything, and every seat is free."""
        self._buyer = Buyer(self._running().endpoint("gateway"), patience_s=PATIENCE_S)
        self._faults, self._asked = [], []
        self._seats = (f"{row}{number}" for row, number in itertools.product("JIHGFEDCBA", range(20, 0, -1)))

    def _seat(self) -> str:
        seat = next(self._seats, None)
        if seat is None:
            raise BadInput("Every seat was asked for once: shop.up() gives a fresh shop.")
        return seat

    def _latest(self) -> Answer | Page:
        if not self._asked:
            raise BadInput("Nobody has asked for anything yet: shop.buy(seat='A1') does.")
        return self._asked[-1]

    def _running(self) -> Engine:
        if self._engine is None:
            raise BadInput("No shop runs in this notebook: shop.up() starts one.")
        return self._engine

    def _buying(self) -> Buyer:
        self._running()
        assert self._buyer
        return self._buyer


def _status(asked: Answer | Page | Heard) -> str:
    return str(asked.status or "")


def _state() -> Path:
    paths.state().mkdir(mode=0o700, parents=True, exist_ok=True)
    return paths.state()


async def _at(delay_s: float, work: Coroutine[Any, Any, T]) -> T:
    await asyncio.sleep(delay_s)
    return await work


def _reader() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_connections=None))


async def _load(reader: httpx.AsyncClient, url: str, patience_s: float = PATIENCE_S) -> Page:
    request_id, asked_at = uuid.uuid4().hex[:16], time.time()
    try:
        async with asyncio.timeout(patience_s):
            answer = await reader.get(url, headers={"X-Request-ID": request_id})
    except (TimeoutError, httpx.HTTPError):
        return Page(request_id, asked_at, time.time() - asked_at, None)
    age = answer.headers.get("Age", "")
    return Page(request_id, asked_at, time.time() - asked_at, answer.status_code, int(age) if age.isdecimal() else 0)
