"""What another process computes."""

import os


def twice(number: int) -> tuple[int, int]:
    return 2 * number, os.getpid()
