"""The designs that the lessons compare, as edits of the naive shop. Whole shops are made of them in a scratch folder.

They are here, and not in labs/, because the lab asks learners for them.
"""

import difflib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NAIVE = ROOT / "labs" / "boxoffice"
REFERENCE = HERE.parent / "boxoffice"
VARIANTS = ROOT / "labs" / "01-programming" / "variants"

Edit = tuple[str, str, str]
"""A file of the shop, what stands there once, what stands there instead."""


@dataclass(frozen=True)
class Design:
    """What is laid over the naive shop: folders first, then single files (place → file), then edits."""

    over: tuple[Path, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()


MAIN = "catalog/app/main.py"
IN_THE_LOOP = "    return (search(all_events, q) if q else list(all_events))[:limit]\n"
ELSEWHERE = "    return (await {} if q else list(all_events))[:limit]\n"
RUN = "asyncio.get_running_loop().run_in_executor(searching, search, list(all_events), q)"
POOL = "READY_WITHIN_S = 1.0\nsearching = {}\n"

SEARCHES = {
    "as handed to you": Design(),
    "threads": Design(edits=((MAIN, IN_THE_LOOP, ELSEWHERE.format("asyncio.to_thread(search, list(all_events), q)")),)),
    "one thread": Design(
        edits=(
            (MAIN, IN_THE_LOOP, ELSEWHERE.format(RUN)),
            (MAIN, "READY_WITHIN_S = 1.0\n", POOL.format("ThreadPoolExecutor(1)")),
            (MAIN, "import asyncio\n", "import asyncio\nfrom concurrent.futures import ThreadPoolExecutor\n"),
        )
    ),
    "a process": Design(
        edits=(
            (MAIN, IN_THE_LOOP, ELSEWHERE.format(RUN)),
            (MAIN, "READY_WITHIN_S = 1.0\n", POOL.format('ProcessPoolExecutor(1, get_context("spawn"))')),
            (MAIN, "import asyncio\n", "import asyncio\nfrom concurrent.futures import ProcessPoolExecutor\n"),
            (MAIN, "from datetime", "from multiprocessing import get_context\nfrom datetime"),
        )
    ),
    "in pieces": Design(over=(VARIANTS / "search-in-turns",), files={"catalog/app/turns.py": HERE / "turns.py"}),
    "each word once": Design(files={"catalog/app/search.py": HERE / "each_word_once.py"}),
}

OFFER = "gateway/app/main.py"
ONE_BY_ONE = """\
    about = await catalog.fetch(f"/events/{event}")
    if about is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no event {event}.")
    free_seats = await free_seats_of(event, inventory)
    price = await pricing.fetch(f"/prices/{event}")
    after = await catalog.fetch(f"/events/{event}/after")
"""
AT_ONCE = """\
    about, free_seats, price, after = await at_once(
        catalog.fetch(f"/events/{event}"),
        free_seats_of(event, inventory),
        pricing.fetch(f"/prices/{event}"),
        catalog.fetch(f"/events/{event}/after"),
    )
    if about is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no event {event}.")
"""
ASKS_AT_ONCE: tuple[Edit, ...] = (
    (OFFER, ONE_BY_ONE, AT_ONCE),
    (OFFER, "from .backend import Backend\n", "from .at_once import at_once\nfrom .backend import Backend\n"),
)
GIVES_UP = (VARIANTS / "gives-up-with-the-visitor",)
LEAVING = {
    "as handed to you": Design(),
    "at once": Design(files={"gateway/app/at_once.py": HERE / "at_once.py"}, edits=ASKS_AT_ONCE),
    "given up": Design(over=GIVES_UP, files={"gateway/app/wanted.py": HERE / "wanted.py"}),
    "both": Design(
        over=GIVES_UP,
        files={"gateway/app/at_once.py": HERE / "at_once.py", "gateway/app/wanted.py": HERE / "wanted.py"},
        edits=ASKS_AT_ONCE,
    ),
}

APP = "pricing/python/app"
PRICING = f"{APP}/main.py"
ENDINGS = {
    "as handed to you": Design(),
    "waits": Design(edits=((PRICING, "timeout_graceful_shutdown=0", "timeout_graceful_shutdown=5"),)),
    "says so, and waits": Design(files={f"{APP}/{name}": REFERENCE / APP / name for name in ("main.py", "leaving.py")}),
}


def made(design: Design, into: Path) -> Path:
    """Make a design, as a whole shop, in `into`, and return that. Raises ValueError where an edit does not fit."""
    shutil.copytree(NAIVE, into, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in design.over:
        shutil.copytree(folder, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for place, file in design.files.items():
        shutil.copy(file, into / place)
    for place, old, new in design.edits:
        (into / place).write_text(_replaced((into / place).read_text(), old, new))
    return into


def added_lines(shop: Path) -> int:
    """Lines of Python that a design adds to the naive shop."""
    added = 0
    for file in sorted(shop.rglob("*.py")):
        before = NAIVE / file.relative_to(shop)
        old = before.read_text().splitlines() if before.exists() else []
        added += sum(
            line.startswith("+ ") and line[2:].strip() != ""
            for line in difflib.ndiff(old, file.read_text().splitlines())
        )
    return added


def table(rows: dict[str, dict[str, object]], lines: dict[str, str]) -> str:
    """Measurements as a lesson shows them, a design a column; `lines` are what stands before each row, and its form."""
    head = ["| |", *(f" {name} |" for name in rows)]
    body = [
        f"| {what} | " + " | ".join(form.format(**row) for row in rows.values()) + " |" for what, form in lines.items()
    ]
    return "\n".join(["".join(head), "| --- |" + " --- |" * len(rows), *body]) + "\n"


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in the naive shop, not once")
    return text.replace(old, new)
