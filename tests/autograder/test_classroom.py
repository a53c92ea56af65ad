"""What is kept of a class, when several threads come at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.classroom import secret


def test_all_who_make_a_secret_at_once_hold_the_same(tmp_path: Path) -> None:
    hands, together = 8, threading.Barrier(8)

    def made(number: int) -> str:
        def make() -> str:
            together.wait(30)  # Each found none.
            return f"secret {number}"

        return secret(tmp_path / "keys" / "seed", make)

    with ThreadPoolExecutor(hands) as pool:
        held = set(pool.map(made, range(hands)))
    file = tmp_path / "keys" / "seed"
    assert held == {file.read_text().strip()}
    assert list(file.parent.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
