"""Services of the shop as they are seen from outside: how quickly they answer, what they take, how they leave.

Each picture here belongs to one run on a fresh shop; times are in seconds after its begin.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from urllib.parse import quote_plus

from breakwater import pictures
from breakwater.checks.footprints import Footprints
from breakwater.checks.http import HalfSent, Heard, Http
from breakwater.engines import Engine
from breakwater.pictures import Picture

# As people type who remember a sentence of the programme.
SEARCHES = (
    "symhpony in whcih the waether turns twcie, secnod half palyed wihtout a conducotr",
    "poklas, watlzes and a tagno as tehy were danecd betwen two shfits, with an enocre",
    "a paly with musci about a man who kepes a lihgt on for ships that no lognre come",
    "letetrs that sialors wrote and nevre sent, fuond in a wlal last yaer",
    "jzaz about depratures; the band leavse the stgae one by one and coems back togehter",
)
PATIENCE_S = 30.0
LOOK_EVERY_S = 0.1
IMPATIENCE_S = (0.3, 3.0)
AT_ONCE_S = 0.05  # so long the news that somebody has left may take
LIST = "/tours?until=4000-01-01"
BOOKING = {"event": "quay-concert", "seats": 12}


@dataclass(frozen=True)
class Said:
    """What a service said to one question."""

    heard: Heard

    @property
    def status(self) -> int | None:
        return self.heard.status

    @property
    def says(self) -> str:
        """The sentence of a problem, or the body; why there is none."""
        body = self.heard.json()
        detail = body.get("detail") if isinstance(body, dict) else None
        return str(detail or self.heard.body.decode(errors="replace")[:200] or self.heard.told)

    def __repr__(self) -> str:
        return f"{self.heard.told}: {self.says}"


async def ask(engine: Engine, service: str, path: str, raw: str | None) -> Said:
    """GET `path`, or POST `raw` to it as it is."""
    async with Http(engine) as http:
        return Said(await (http.get(service, path) if raw is None else http.post(service, path, raw.encode())))


@dataclass(frozen=True)
class Watched:
    """Somebody asked a service the same question again and again, while others searched."""

    what: str
    began_at: float
    probes: tuple[Heard, ...]
    searches: tuple[Heard, ...]

    @property
    def slowest_s(self) -> float:
        """The longest wait for an answer to the question."""
        return max(probe.elapsed_s for probe in self.probes)

    @property
    def slowest(self) -> Heard:
        """The answer that took longest."""
        return max(self.probes, key=lambda probe: probe.elapsed_s)

    @property
    def p99_s(self) -> float:
        """Of a hundred waits, the longest but one."""
        waits = sorted(probe.elapsed_s for probe in self.probes)
        return waits[-1 - len(waits) // 100]

    @property
    def search_s(self) -> float:
        """A searcher's wait, in the median; 0 if nobody searched."""
        return median([search.elapsed_s for search in self.searches] or [0.0])

    @property
    def searches_a_second(self) -> float:
        ends = [search.asked_at + search.elapsed_s - self.began_at for search in self.searches]
        return len(ends) / max(ends, default=1.0)

    def plot(self) -> Picture:
        """How long each question took, by the moment of asking."""
        figure, axes = pictures.axes()
        for name, marker, colour, heard in (
            ("a search", "o", pictures.PAGE, self.searches),
            (self.what, ".", pictures.BUYER, self.probes),
        ):
            asked = [each.asked_at - self.began_at for each in heard]
            axes.plot(asked, [each.elapsed_s for each in heard], marker, color=colour, ms=5, label=name)
        axes.set(xlabel="asked at, seconds", ylabel="waited, seconds", ylim=(0, None))
        figure.legend(loc="outside upper left", ncols=2)
        searching = f"; {len(self.searches)} searches, {self.search_s:.2f} s in the median" if self.searches else ""
        return pictures.picture(figure, f"{self.what}: {self.slowest_s:.2f} s at worst{searching}.")


async def watch(engine: Engine, service: str, path: str, seconds: float, searchers: int) -> Watched:
    """Ask `service` for `path` twenty times a second, while so many people search the catalog without a pause."""
    began_at = time.time()
    async with Http(engine) as http, http.probes(service, path, every_s=0.05, patience_s=PATIENCE_S) as probes:
        people = [_search(http, began_at + seconds, SEARCHES[n % len(SEARCHES) :]) for n in range(searchers)]
        searches = await asyncio.gather(*people)
        await asyncio.sleep(began_at + seconds - time.time())
    found = tuple(each for some in searches for each in some)
    return Watched(f"{service} {path}", began_at, tuple(probes), found)


async def _search(http: Http, until: float, words: Sequence[str]) -> list[Heard]:
    heard: list[Heard] = []
    while time.time() < until:
        wanted = words[len(heard) % len(words)]
        heard.append(await http.get("catalog", f"/events?q={quote_plus(wanted)}", patience_s=PATIENCE_S))
    return heard


@dataclass(frozen=True)
class Readers:
    """People asked for a long list and read it slowly; `memory_mb` is what each service had more than before."""

    readers: tuple[Heard, ...]
    moments_s: tuple[float, ...]
    memory_mb: Mapping[str, tuple[float, ...]]

    @property
    def count(self) -> int:
        return len(self.readers)

    def grown_mb(self, service: str) -> float:
        """By how many megabytes a service had grown at most."""
        return max(self.memory_mb[service], default=0.0)

    def plot(self) -> Picture:
        """The memory that each service took more than before."""
        figure, axes = pictures.axes()
        colours = (pictures.BUYER, pictures.PAGE)
        for (name, values), colour in zip(self.memory_mb.items(), colours, strict=False):
            axes.plot(self.moments_s, values, color=colour, lw=2.5, label=name)
        axes.set(
            xlabel=f"seconds after {self.count} people asked", ylabel="memory more than before, MB", ylim=(0, None)
        )
        figure.legend(loc="outside upper left", ncols=2)
        most = ", ".join(f"{name} by {self.grown_mb(name):.0f} MB" for name in self.memory_mb)
        return pictures.picture(figure, f"While {self.count} people read slowly, memory grew: {most}.")


@dataclass(frozen=True)
class Impatient:
    """A crowd that leaves where nothing has come in time, and what the gateway did for those who had left.

    `for_nobody_s` are the seconds for which it waited for each answer when nobody was there any more.
    """

    visitors: tuple[Heard, ...]
    asked: int
    for_nobody_s: tuple[float, ...]

    @property
    def served(self) -> list[Heard]:
        return [each for each in self.visitors if each.status == 200]


async def impatient(engine: Engine, path: str, count: int, a_second: float, over_s: float) -> Impatient:
    """`count` visitors, so many a second; each leaves after a time of their own between 0.3 and 3 s.

    Afterwards the links are looked at for `over_s` seconds more.
    """
    draw = random.Random("impatient")
    async with Http(engine) as http:

        async def come(number: int, patience_s: float) -> Heard:
            await asyncio.sleep(number / a_second)
            return await http.get("gateway", path, patience_s=patience_s)

        heard = await asyncio.gather(*(come(number, draw.uniform(*IMPATIENCE_S)) for number in range(count)))
    await asyncio.sleep(over_s)
    now, left_at = time.time(), {each.request_id: each.answered_at for each in heard if each.status is None}
    calls = [each for each in await asyncio.to_thread(engine.trace) if each.caller == "gateway"]
    ends = [(call, min(filter(None, (call.answered_at, call.left_at)), default=now)) for call in calls]
    waited_s = [
        end - max(call.asked_at, left_at[call.request_id])
        for call, end in ends
        if call.request_id in left_at and end > left_at[call.request_id] + AT_ONCE_S
    ]
    return Impatient(tuple(heard), len(calls), tuple(waited_s))


async def slow_readers(engine: Engine, count: int, path: str, seconds: float) -> Readers:
    """Let `count` people ask the gateway for `path`, read the head of the answer, and then nothing for a while."""
    looks = Footprints(engine)
    names = ("gateway", "catalog")
    before, begun = looks.now(*names), time.monotonic()
    moments: list[float] = []
    memory: dict[str, list[float]] = {name: [] for name in names}
    async with Http(engine) as http, AsyncExitStack() as reading:
        asked = [
            asyncio.create_task(reading.enter_async_context(http.slow_reader("gateway", path, patience_s=PATIENCE_S)))
            for _ in range(count)
        ]
        while (at := time.monotonic() - begun) < seconds:
            now = await asyncio.to_thread(looks.now, *names)
            moments.append(at)
            for name in names:
                memory[name].append(now[name].memory_mb - before[name].memory_mb)
            await asyncio.sleep(LOOK_EVERY_S)
        readers = tuple(reader.heard for reader in await asyncio.gather(*asked))
    return Readers(readers, tuple(moments), {name: tuple(values) for name, values in memory.items()})


@dataclass(frozen=True)
class Replaced:
    """A service was told to stop and started again, while bookings were sent to it fifty times a second.

    `told_s` and `back_s` are when it was told, and when it was there again. `begun` were under way when it was told:
    the first half of them had arrived.
    """

    service: str
    told_s: float
    back_s: float
    bookings: tuple[Heard, ...]
    ready: tuple[Heard, ...]
    begun: tuple[Heard, ...]
    began_at: float

    @property
    def cut(self) -> int:
        """How many of those under way were not answered."""
        return sum(each.status != 200 for each in self.begun)

    @property
    def surprised(self) -> int:
        """How many asked for a booking and got none, before the service had said that it was leaving."""
        said_at = min((each.asked_at for each in self.ready if each.status != 200), default=float("inf"))
        return sum(each.status != 200 and each.asked_at < said_at for each in self.bookings)

    @property
    def refused(self) -> int:
        """How many asked for a booking and got none."""
        return sum(each.status != 200 for each in self.bookings)

    def plot(self) -> Picture:
        """Which bookings were answered, and what the service said of itself."""
        figure, axes = pictures.axes()
        axes.axvspan(self.told_s, self.back_s, color=pictures.FAULT, alpha=0.25, lw=0, label="told to stop, until back")
        rows = (("bookings", self.bookings), ("/readyz", self.ready), ("under way", self.begun))
        for height, (_, heard) in enumerate(rows):
            for good, colour, marker in ((True, pictures.PAGE, "|"), (False, pictures.BUYER, "x")):
                moments = [each.asked_at - self.began_at for each in heard if (each.status == 200) is good]
                axes.plot(moments, [height] * len(moments), marker, color=colour, ms=9)
        axes.set(xlabel="asked at, seconds", yticks=range(len(rows)), yticklabels=[name for name, _ in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.plot([], [], "|", color=pictures.PAGE, label="answered 200")
        axes.plot([], [], "x", color=pictures.BUYER, label="not")
        figure.legend(loc="outside upper left", ncols=3)
        alt = f"{self.service}: {self.cut} of {len(self.begun)} under way were cut, {self.refused} bookings refused"
        return pictures.picture(figure, f"{alt}, {self.surprised} of them before it said that it was leaving.")


async def replace(engine: Engine, service: str = "pricing", under_way: int = 3) -> Replaced:
    """Send bookings fifty times a second, and have the service told to stop and started again meanwhile."""
    began_at = time.time()
    async with (
        Http(engine) as http,
        _half_sent(http, service, under_way) as halves,
        http.probes(service, "/quotes", body=BOOKING, every_s=0.02) as bookings,
        http.probes(service, "/readyz", every_s=0.05) as ready,
    ):
        await asyncio.sleep(1.0)
        told_at = time.time()
        replacing = asyncio.create_task(asyncio.to_thread(engine.restart, service))
        await asyncio.sleep(1.5)
        begun = [await each.finish() for each in halves]
        await replacing
        back_at = time.time()
        await asyncio.sleep(0.5)
    return Replaced(
        service=service,
        told_s=told_at - began_at,
        back_s=back_at - began_at,
        bookings=tuple(bookings),
        ready=tuple(ready),
        begun=tuple(begun),
        began_at=began_at,
    )


@asynccontextmanager
async def _half_sent(http: Http, service: str, count: int) -> AsyncIterator[list[HalfSent]]:
    async with AsyncExitStack() as sending:
        yield [await sending.enter_async_context(http.half_sent(service, "/quotes", BOOKING)) for _ in range(count)]
