"""What the site shows of real runs: one evening in two shops, and the lessons with their exercises solved.

`course dev render --record` runs them and keeps what they gave in `site/recorded/` (data, read by the pages' makers)
and in `site/figures/` (pictures). Each recording holds the digest of the code that made it.

A page may show only what is on an allow-list, since an output can give an answer away as well as code can: cells of
code that the lesson's source tags `show`, with what they gave. Nothing else is kept.
"""

import ast
import base64
import hashlib
import html
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from breakwater import paths, syllabus
from breakwater.dev.content import ModuleContent
from breakwater.syllabus import Module

SITE = paths.ROOT / "site"
EVENING = SITE / "recorded" / "evening.json"
SHOW = "show"
SHOPS = ("as handed to you", "with the lab done")
BUYERS, OVER_S, LATE_S, DURING = 72, 12.0, 6.0, (2.0, 10.0)
SETTLES_WITHIN_S = 5.0  # as outcomes.md has it
CELL_WITHIN_S = 300
_SOLVED = re.compile(r'^```python exercise="(?P<name>[^"]+)"[^\n]*\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL)
_FIGURE = re.compile(r'<img alt="(?P<alt>[^"]*)" src="data:image/svg\+xml;base64,(?P<svg>[^"]*)"')
_GUESS = re.compile(r"^predict\b.*\n?", re.MULTILINE)

Recording = dict[str, Any]
Cell = dict[str, Any]


def lessons() -> Iterator[tuple[ModuleContent, Path]]:
    """Each lesson of each built module that has been released: the module and the released notebook."""
    for module in syllabus.load().built:
        yield from ((ModuleContent(module.id, paths.ROOT), notebook) for notebook in notebooks(module))


def notebooks(module: Module) -> list[Path]:
    """The lessons of a module as they were released, in order."""
    return sorted((paths.MODULES / module.id).glob("lesson*.ipynb"))


def cells(notebook: Path) -> list[Cell]:
    found: list[Cell] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return found


def may_show(cell: Cell) -> bool:
    """Whether a page may show a cell and what it gave: prose, and code with the tag; nothing that is graded."""
    if "nbgrader" in cell["metadata"] or not shown(cell):
        return False
    return cell["cell_type"] == "markdown" or SHOW in cell["metadata"].get("tags", [])


def shown(cell: Cell) -> str:
    """What a page shows of a cell's text: of code, nothing that tells what to have guessed."""
    text = "".join(cell["source"])
    return text if cell["cell_type"] == "markdown" else _without_comparisons(text)


def _without_comparisons(code: str) -> str:
    """Code without its `predict.compare(…)`; all of it goes where it ends in one, since it led up to that."""
    statements = ast.parse(code).body
    compared = [each for each in statements if ast.unparse(each).startswith("predict.compare(")]
    if statements and statements[-1] in compared:
        return ""
    gone = {line for each in compared for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}
    return "\n".join(line for number, line in enumerate(code.splitlines(), 1) if number not in gone).strip()


def place(module: ModuleContent, notebook: Path) -> Path:
    """Where the recording of a lesson is kept."""
    return SITE / "recorded" / module.id / f"{notebook.stem}.json"


def results(recording: Recording, cell: Cell) -> list[dict[str, str]]:
    """What a cell gave when it ran as it is now: each with `kind` (markdown, text, picture) and its text.

    Nothing where a page may not show it, whatever the recording holds.
    """
    found: list[dict[str, str]] = recording.get("results", {}).get(_key(cell), []) if may_show(cell) else []
    return found


def read(file: Path) -> Recording:
    """A recording; empty where there is none."""
    found: Recording = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def stale() -> list[str]:
    """The recordings, by path, that were made from other code than there is now, or hold other cells than may show."""
    found = [EVENING] if read(EVENING).get("code") != evening_digest() else []
    found += [place(module, notebook) for module, notebook in lessons() if _is_stale(module, notebook)]
    return [file.relative_to(paths.ROOT).as_posix() for file in found]


def _is_stale(module: ModuleContent, notebook: Path) -> bool:
    recording = read(place(module, notebook))
    held = set(recording.get("results", {}))
    return recording.get("code") != lesson_digest(module, notebook) or held != set(map(_key, _shown_code(notebook)))


def _shown_code(notebook: Path) -> list[Cell]:
    return [cell for cell in cells(notebook) if cell["cell_type"] == "code" and may_show(cell)]


def evening_digest() -> str:
    return _digest([*_shop(paths.BOXOFFICE), *_shop(_resilience().reference)])


def lesson_digest(module: ModuleContent, notebook: Path) -> str:
    source = module.solutions / f"{notebook.stem}.md"
    code = "".join("".join(cell["source"]) for cell in cells(notebook) if cell["cell_type"] == "code")
    solved = _SOLVED.findall(source.read_text(encoding="utf-8")) if source.is_file() else []
    return _digest([*_shop(paths.BOXOFFICE), *_shop(module.lab / "variants")], code, repr(solved))


def record(say: Callable[[str], None]) -> None:
    """Run whatever is stale, one thing after another, and write what it gave. Some minutes."""
    todo = stale()
    for file, run in [(EVENING, _run_evening), *((place(m, n), _lesson_run(m, n)) for m, n in lessons())]:
        name = file.relative_to(paths.ROOT).as_posix()
        if name in todo:
            say(f"recording {name}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(run(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _run_evening() -> Recording:
    """One sale in either shop, with payments late; then a purchase whose payment's answer is lost."""
    from breakwater.notebook import Shop

    found: Recording = {"code": evening_digest(), "buyers": BUYERS, "late_s": LATE_S, "during": DURING, "shops": {}}
    with TemporaryDirectory() as folder:
        for name, path in zip(SHOPS, (paths.BOXOFFICE, _reference(Path(folder) / "shop")), strict=True):
            shop = Shop()
            shop.up(path)
            try:
                sale = shop.sale(BUYERS, OVER_S, weather=shop.slow("orders", "payments", LATE_S), during=DURING)
                seen = {"buyers": sale.buyers, "pages": sale.pages}
                rows = {what: [_row(one, sale.began_at) for one in asked] for what, asked in seen.items()}
                with shop.lost_answers(1):
                    told = repr(shop.buy())
                found["shops"][name] = {**rows, "told": told, "ledger": repr(_settled(shop))}
            finally:
                shop.down()
    return found


def _settled(shop: Any) -> Any:
    """The books once they balance, or as they are when the time is over in which they must."""
    until = time.monotonic() + SETTLES_WITHIN_S
    while (books := shop.ledger()).breaches and time.monotonic() < until:
        time.sleep(0.2)
    return books


def _row(one: Any, began_at: float) -> tuple[float, float, int | None]:
    return round(one.asked_at - began_at, 2), round(one.elapsed_s, 3), one.status


def _reference(target: Path) -> Path:
    shutil.copytree(paths.BOXOFFICE, target)
    shutil.copytree(_resilience().reference, target, dirs_exist_ok=True)
    return target


def _resilience() -> ModuleContent:
    return ModuleContent("09-resilience", paths.ROOT)


def _lesson_run(module: ModuleContent, notebook: Path) -> Callable[[], Recording]:
    return lambda: _run_lesson(module, notebook)


def _run_lesson(module: ModuleContent, notebook: Path) -> Recording:
    """Run a lesson as one would leave it who had solved everything."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(notebook, as_version=4)
    solved = dict(_SOLVED.findall((module.solutions / f"{notebook.stem}.md").read_text(encoding="utf-8")))
    released = cells(notebook)
    for cell in book.cells:
        cell.source = solved.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    with TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        NotebookClient(book, timeout=CELL_WITHIN_S, kernel_name="python3", resources=where).execute()
    pictures = SITE / "figures" / module.id / notebook.stem
    shutil.rmtree(pictures, ignore_errors=True)
    pairs = [(cell, ran) for cell, ran in zip(released, book.cells, strict=True) if cell["cell_type"] == "code"]
    kept = {_key(cell): list(_kept(cell, ran.outputs, pictures)) for cell, ran in pairs if may_show(cell)}
    return {"code": lesson_digest(module, notebook), "results": kept}


def _kept(cell: Cell, outputs: Iterable[Any], pictures: Path) -> Iterator[dict[str, str]]:
    """What may be shown of a cell's outputs: results, and what it printed if it asked for no guess."""
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stdout" and not _GUESS.search("".join(cell["source"])):
                yield {"kind": "text", "text": output.text}
        elif data := output.get("data"):
            yield from _result(data, pictures / f"{_key(cell)}.svg")


def _result(data: dict[str, str], picture: Path) -> Iterator[dict[str, str]]:
    figure = _FIGURE.search(data.get("text/html", ""))
    text = data.get("text/plain", "")
    if "text/markdown" in data:
        yield {"kind": "markdown", "text": data["text/markdown"]}
    elif text and not (figure and html.unescape(figure["alt"]) == text):
        yield {"kind": "text", "text": text}
    if figure:
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(base64.b64decode(figure["svg"]))
        yield {"kind": "picture", "text": picture.relative_to(SITE).as_posix(), "alt": html.unescape(figure["alt"])}


def _shop(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.suffix in (".py", ".yaml", ".proto", ".sql")]


def _key(cell: Cell) -> str:
    return hashlib.sha256("".join(cell["source"]).encode()).hexdigest()[:12]


def _digest(files: Iterable[Path], *texts: str) -> str:
    whole = hashlib.sha256()
    for part in [*(file.read_bytes() for file in files), *(text.encode() for text in texts)]:
        whole.update(len(part).to_bytes(8, "big") + part)
    return f"sha256:{whole.hexdigest()}"
