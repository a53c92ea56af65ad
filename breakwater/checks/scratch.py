"""A folder for one run of the judge: locked while it is in use, and cleared by the next run if this one is killed."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from breakwater import engines, paths
from breakwater.engines import Engine, ShopSpec
from breakwater.errors import CourseError, EngineTrouble

PREFIX, LOCK = "c-", ".lock"


@contextmanager
def scratch() -> Iterator[Path]:
    """A fresh folder below the run-time state, gone afterwards. What killed runs left there is cleared first."""
    parent = paths.state()
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise EngineTrouble(f"The folder {parent} cannot be made: {error.strerror}. Set BREAKWATER_STATE.") from None
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "lock").rename(folder / LOCK)  # nobody sees a lock that is not taken yet
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def open_engine(name: str, shop: Path, folder: Path, **options: Any) -> Engine:
    """An engine for the shop, with its state in a scratch folder.

    Raises:
        BadInput: there is no engine of that name.
    """
    kind = engines.find(name, judging=True)
    engine: Engine = kind(ShopSpec(shop, folder, trusted=paths.BOXOFFICE), name="s", **options)
    return engine


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError, CourseError):  # it is going already, or its owner is another run that ends it
            lock = _taken(folder)
            if lock:
                with lock:
                    for name in (*engines.ENGINES, *engines.FOR_JUDGES):
                        open_engine(name, folder, folder).down()
                    shutil.rmtree(folder, ignore_errors=True)


def _taken(folder: Path) -> IO[str] | None:
    """The lock of a folder that nobody uses; None if somebody does, or is about to."""
    lock = (folder / LOCK).open("r")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock
