"""Reading the logs of a shop's services from its state folder."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_S = 0.2


def read(folder: Path, service: str | None, *, until: Callable[[], bool] | None = None) -> Iterator[str]:
    """Yield the lines that are there; with `until`, go on with new ones until it is true.

    Without `service`, the lines of all services, each prefixed by its service.
    """
    files: dict[str, _Tail] = {}
    while True:
        last = until is None or until()
        for path in sorted(folder.glob("*.log")) if service is None else [folder / f"{service}.log"]:
            name = path.stem
            file = files.setdefault(name, _Tail(path))
            yield from (line if service else f"{name} | {line}" for line in file.lines())
        if last:
            return
        time.sleep(POLL_S)


class _Tail:
    """What is new in a log since the last look, through its rotation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._inode = 0
        self._rest = ""

    def lines(self) -> Iterator[str]:
        try:
            with self._path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                inode = self._path.stat().st_ino
                if inode != self._inode:
                    self._at, self._inode = 0, inode
                file.seek(self._at)
                *lines, self._rest = file.read().split("\n")
                self._at = file.tell() - len(self._rest.encode())
        except OSError:
            return
        yield from lines
