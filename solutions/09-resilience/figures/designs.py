"""The designs that lesson 4 compares, as edits of the naive gateway. Whole shops are made of them in a scratch folder.

They are here, and not in labs/, because the lab asks learners for them.
"""

import difflib
import shutil
from pathlib import Path

HERE = Path(__file__).parent
NAIVE = HERE.parents[2] / "labs" / "boxoffice"
APP = Path("gateway") / "app"

Edits = list[tuple[str, str, str]]
"""Each: a file of the gateway, what stands there once, what stands there instead."""

DEADLINE: Edits = [("backend.py", "timeout=None", 'timeout=1.0 if name == "catalog" else None')]
PLACES = '{"catalog": asyncio.Semaphore(6), "inventory": asyncio.Semaphore(6), "orders": asyncio.Semaphore(8)}'
POOLS: Edits = [
    ("backend.py", "asyncio.Semaphore(20)", PLACES),
    ("backend.py", " places:", " places[self._name]:"),
    ("inventory.py", " places:", ' places["inventory"]:'),
]
REQUEST = """\
            async with places:
                answer = await self._client.request(method, path, json=body)
"""
THROUGH_THE_BREAKER = """\
            answer = await self._breaker.ask(lambda: self._request(method, path, body))
        except Resting as error:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{self._name} is left alone for a while.") from error
"""
ASKED = """\
    async def _request(self, method: str, path: str, body: Any) -> httpx.Response:
        async with asyncio.timeout(1.0 if self._name == "catalog" else None), places:
            return await self._client.request(method, path, json=body)

    async def close"""
BREAKER: Edits = [
    ("backend.py", "import asyncio\n", "import asyncio\nimport time\n"),
    ("backend.py", "from . import logs\n", "from . import logs\nfrom .breaker import Breaker, Resting\n"),
    ("backend.py", REQUEST, THROUGH_THE_BREAKER),
    ("backend.py", "except httpx.HTTPError as", "except (TimeoutError, httpx.HTTPError) as"),
    ("backend.py", "    async def close", ASKED),
    (
        "backend.py",
        "        self._name = name\n",
        "        self._name = name\n        self._breaker = Breaker(5, 1.0, time.monotonic)\n",
    ),
]
FALLBACK: Edits = [
    ("main.py", "from .problems import Problem", "from .last_known import LastKnown\nfrom .problems import Problem"),
    (
        "main.py",
        "    yield\n    await app.state.catalog.close()",
        "    app.state.last_known = LastKnown(app.state.catalog)\n    yield\n    await app.state.catalog.close()",
    ),
    (
        "main.py",
        "async def event_page(event: Name, catalog: Catalog, inventory: Seats)",
        "async def event_page(event: Name, request: Request, response: Response, inventory: Seats)",
    ),
    (
        "main.py",
        '    about = await catalog.ask("GET", f"/events/{event}")\n',
        "    about, age_s = await request.app.state.last_known.page(event)\n",
    ),
    (
        "main.py",
        "    return EventPage(**json.loads(about.body)",
        '    if age_s:\n        response.headers["Age"] = str(age_s)\n    return EventPage(**json.loads(about.body)',
    ),
]
DESIGNS: dict[str, tuple[Edits, tuple[str, ...]]] = {
    "as handed to you": ([], ()),
    "deadline": (DEADLINE, ()),
    "pools": (POOLS, ()),
    "breaker": (BREAKER, ("breaker.py",)),
    "fallback": (DEADLINE + FALLBACK, ("last_known.py",)),
    "all four": (BREAKER + POOLS + FALLBACK, ("breaker.py", "last_known.py")),
}


def made(name: str, into: Path) -> Path:
    """Make a design, as a whole shop, in `into`, and return that. Raises ValueError where an edit does not fit."""
    edits, files = DESIGNS[name]
    shutil.copytree(NAIVE, into)
    for file, old, new in edits:
        place = into / APP / file
        place.write_text(replaced(place.read_text(), old, new))
    for file in files:
        shutil.copy(HERE / file, into / APP / file)
    return into


def replaced(text: str, old: str, new: str) -> str:
    """Replace the one occurrence of `old`. Raises ValueError where there is not exactly one."""
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in the naive gateway, not once")
    return text.replace(old, new)


def added_lines(shop: Path) -> int:
    """Lines that a design adds to the naive gateway."""
    added = 0
    for file in sorted((shop / APP).glob("*.py")):
        before = NAIVE / APP / file.name
        old = before.read_text().splitlines() if before.exists() else []
        added += sum(line.startswith("+ ") for line in difflib.ndiff(old, file.read_text().splitlines()))
    return added
