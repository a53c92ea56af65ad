"""Where a service spends its time: a sampling profiler (py-spy) looks at it from outside."""

import asyncio
import re
import sysconfig
import tempfile
from collections import Counter
from pathlib import Path

from breakwater.engines import Engine
from breakwater.errors import BadInput, EngineTrouble
from breakwater.notebook import _services
from breakwater.notebook._sale import Table

RATE = 100  # looks a second
ROWS = 8
_FRAME = re.compile(r"(?P<function>.+?) \((?P<file>[^:)]+)(:\d+)?\)$")


async def taken(engine: Engine, service: str, seconds: float, searchers: int) -> Table:
    """Sample `service` for so long while people search; a row a function, those in which it was most often first."""
    pid = next((row.pid for row in engine.status() if row.name == service), None)
    if not pid:
        raise EngineTrouble(f"{service} has no process that could be looked at.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        profiler = str(Path(sysconfig.get_path("scripts"), "py-spy"))
        words = ["record", "--pid", str(pid), "--rate", str(RATE), "--duration", str(max(1, round(seconds)))]
        words += ["--format", "raw", "--idle", "--threads", "--output", str(file)]
        looking = await asyncio.create_subprocess_exec(
            profiler, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        await _services.watch(engine, service, "/healthz", seconds, searchers)
        said, _ = await looking.communicate()
        if looking.returncode or not file.exists():
            raise BadInput(_why_not(said.decode(errors="replace")))
        return _table(file.read_text())


def _why_not(said: str) -> str:
    if "ermission" in said or "perator" in said:
        return (
            "This machine lets no process look into another of the same user. As root, for this machine's uptime: "
            "sysctl kernel.yama.ptrace_scope=0"
        )
    lines = said.strip().splitlines()
    return f"py-spy could not look at the service: {lines[-1] if lines else 'it said nothing'}"


def _table(stacks: str) -> Table:
    """Count in how many looks a function was running itself, and in how many it or what it had called was."""
    itself: Counter[str] = Counter()
    with_calls: Counter[str] = Counter()
    looks = 0
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        names = [_name(frame) for frame in stack.split(";")[1:]]
        if not names or not count.isdigit():
            continue
        looks += int(count)
        itself[names[-1]] += int(count)
        for name in set(names):
            with_calls[name] += int(count)
    rows = [
        (name, f"{100 * itself[name] / looks:.0f} %", f"{100 * with_calls[name] / looks:.0f} %")
        for name, _ in itself.most_common(ROWS)
    ]
    return Table(("function", "looks in which it ran", "it, or what it called"), tuple(rows))


def _name(frame: str) -> str:
    found = _FRAME.match(frame.strip())
    return f"{found['function']} ({Path(found['file']).name})" if found else frame.strip()
