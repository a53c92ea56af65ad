"""What is kept of a class, when several threads come at once, and who may read it."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autograder.classroom import secret, write_whole


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


def test_whoever_keeps_files_to_themselves_keeps_what_is_written_of_a_class(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_whole(tmp_path / "grades.csv", "ada,3\n")
    finally:
        os.umask(before)
    assert (tmp_path / "grades.csv").stat().st_mode & 0o777 == 0o600
