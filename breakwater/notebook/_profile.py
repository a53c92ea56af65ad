"""Where a service spends its time: a sampling profiler (py-spy) looks at it from outside."""

import asyncio
import re
import sysconfig
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from breakwater import pictures
from breakwater.engines import Engine
from breakwater.errors import BadInput, EngineTrouble
from breakwater.notebook import _services
from breakwater.pictures import Picture

RATE = 100  # looks a second
ROWS = 8
_FRAME = re.compile(r"(?P<function>.+?) \((?P<file>[^:)]+)(:\d+)?\)$")


@dataclass(frozen=True)
class Profile:
    """Where a service was when it was looked at: by function, the share of looks (0 to 1) in which it ran."""

    service: str
    looks: int
    shares: dict[str, float]

    def plot(self) -> Picture:
        """The functions in which it was most often."""
        figure, axes = pictures.axes()
        axes.barh(list(self.shares)[::-1], [100 * share for share in self.shares.values()][::-1], color=pictures.PAGE)
        axes.set(xlabel=f"share of {self.looks} looks, %")
        told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in self.shares.items())
        return pictures.picture(figure, f"Where {self.service} was in {self.looks} looks: {told}.")


async def taken(engine: Engine, service: str, seconds: float, searchers: int) -> Profile:
    """Sample `service` for so long while people search; the functions in which it was most often come first."""
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
        return _counted(service, file.read_text())


def _why_not(said: str) -> str:
    if "ermission" in said or "perator" in said:
        return (
            "This machine lets no process look into another of the same user. As root, for this machine's uptime: "
            "sysctl kernel.yama.ptrace_scope=0"
        )
    lines = said.strip().splitlines()
    return f"py-spy could not look at the service: {lines[-1] if lines else 'it said nothing'}"


def _counted(service: str, stacks: str) -> Profile:
    """Count in how many looks each function was the one that ran. A line is a stack of frames, and how often."""
    ran: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        if stack and count.isdigit():
            ran[_name(stack.split(";")[-1])] += int(count)
    looks = max(1, ran.total())
    return Profile(service, ran.total(), {name: count / looks for name, count in ran.most_common(ROWS)})


def _name(frame: str) -> str:
    found = _FRAME.match(frame.strip())
    return f"{found['function']} ({Path(found['file']).name})" if found else frame.strip()
