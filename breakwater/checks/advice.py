"""What hadolint says of a Dockerfile: advice beside the checks, for no points. Nothing where it is not installed."""

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

LONG_S = 20.0
MOST = 12


def lines(shop: Path, services: Iterable[str]) -> list[str]:
    """One line a finding: `orders/Dockerfile, line 7: DL3013: Pin versions in pip …`."""
    program = shutil.which("hadolint", path=sysconfig.get_path("scripts")) or shutil.which("hadolint")
    if not program:
        return []
    found = [line for service in services for line in _of(program, shop / service / "Dockerfile")]
    return found[:MOST] + ([f"and {len(found) - MOST} more"] if len(found) > MOST else [])


def _of(program: str, file: Path) -> list[str]:
    command = [program, "--no-fail", "--no-color", "--format", "json", file.name]
    try:
        done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=LONG_S, check=False)
        rows = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    name = f"{file.parent.name}/{file.name}"
    return [f"{name}, line {row['line']}: {row['code']}: {' '.join(str(row['message']).split())}" for row in rows]
