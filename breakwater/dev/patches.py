"""Right and wrong answers: patches against the reference, each with a header that says why it is there.

A patch's paths are the shop's own (`a/orders/app/main.py`), so that it may touch what the reference left naive.
Above the first `diff --git` stands the header, `Key: value` a line, continued by indented lines:

    Why: what is wrong, or different, about this answer, in a sentence
    Misconception: what one who writes it believes
    Loses: slow-payment, 09-h1
    May lose: 09-h2
    Blind: yes

All but `Why` are for wrong answers only. `Loses` names the checks that must fail, `May lose` those that may fail as
well; `Blind: yes` says that it was written without sight of the checks.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from breakwater.dev.content import ModuleContent

WRONG_KEYS = ("Why", "Misconception", "Loses", "May lose", "Blind")
OTHER_KEYS = ("Why",)
_START = re.compile(r"^(diff --git |--- )", re.MULTILINE)
_FILE = re.compile(r"^diff --git a/(?P<old>\S+) b/(?P<new>\S+)$", re.MULTILINE)
_INDEX = re.compile(r"^index (?P<old>[0-9a-f]+)\.\.(?P<new>[0-9a-f]+)", re.MULTILINE)


@dataclass(frozen=True)
class Patch:
    """One answer. `kind` is `wrong` or `other`; `text` is the whole file."""

    path: Path
    kind: str
    text: str

    @property
    def name(self) -> str:
        """`wrong/retry-without-key`: the name in the kill matrix, the goldens and the messages."""
        return f"{self.kind}/{self.path.stem}"

    @property
    def keys(self) -> tuple[str, ...]:
        return WRONG_KEYS if self.kind == "wrong" else OTHER_KEYS

    @cached_property
    def _split(self) -> int:
        start = _START.search(self.text)
        return start.start() if start else len(self.text)

    @property
    def head(self) -> str:
        return self.text[: self._split]

    @property
    def body(self) -> str:
        return self.text[self._split :]

    @cached_property
    def header(self) -> dict[str, str]:
        """The header's keys and values; lines that are neither a key nor a continuation stand under an empty key."""
        return {key: value for key, value, _ in header_lines(self.head)}

    @property
    def loses(self) -> tuple[str, ...]:
        return _names(self.header.get("Loses", ""))

    @property
    def may_lose(self) -> tuple[str, ...]:
        return _names(self.header.get("May lose", ""))

    @property
    def blind(self) -> bool:
        return self.header.get("Blind", "").lower() == "yes"

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it touches, as paths in the shop."""
        return tuple(dict.fromkeys(name for m in _FILE.finditer(self.body) for name in (m["old"], m["new"])))

    def preimages(self) -> Iterator[tuple[str, str]]:
        """Yield each touched file and the (abbreviated) blob id that it had when the patch was made."""
        for section in re.split(r"(?m)^(?=diff --git )", self.body)[1:]:
            file, index = _FILE.search(section), _INDEX.search(section)
            if file and index:
                yield file["old"], index["old"]


def header_lines(head: str) -> Iterator[tuple[str, str, int]]:
    """Yield key, value and line number of each entry; an unusable line comes with an empty key."""
    entry: tuple[str, str, int] | None = None
    for number, line in enumerate(head.splitlines(), 1):
        if not line.strip():
            continue
        if line[0].isspace() and entry:
            entry = (entry[0], f"{entry[1]} {line.strip()}", entry[2])
            continue
        if entry:
            yield entry
        key, colon, value = line.partition(":")
        entry = (key.strip(), value.strip(), number) if colon else ("", line.strip(), number)
    if entry:
        yield entry


def _names(value: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"[,\s]+", value) if name)


def read_patches(module: ModuleContent, kind: str) -> list[Patch]:
    """All patches of one kind (`wrong` or `other`), by name."""
    paths = sorted((module.solutions / kind).glob("*.patch"))
    return [Patch(path, kind, path.read_text(encoding="utf-8", errors="replace")) for path in paths]


def blob_id(data: bytes) -> str:
    """git's id of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def base_file(module: ModuleContent, file: str) -> Path | None:
    """Where a file of the reference shop comes from: the reference, else the naive shop; None where in neither."""
    return next((path for folder in (module.reference, module.naive) if (path := folder / file).is_file()), None)


def still_fits(module: ModuleContent, patch: Patch) -> bool:
    """Whether every file that the patch touches is exactly the file that it was made against.

    True proves that it applies, without running git; False proves nothing.
    """
    preimages = list(patch.preimages())
    return bool(preimages) and all(_is_blob(base_file(module, file), blob) for file, blob in preimages)


def _is_blob(path: Path | None, blob: str) -> bool:
    if path is None:
        return set(blob) == {"0"}
    return set(blob) != {"0"} and blob_id(path.read_bytes()).startswith(blob)
