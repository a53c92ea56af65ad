"""One container of the image under trial, as a judge sees it: from outside, by what the daemon says."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from breakwater.engines import daemon

POLL_S = 0.1
KILLED = 137
"""How a container ends that did not end by itself: 128 and the number of SIGKILL."""


class Subject:
    """A container. What asks the daemon and takes its time is a coroutine."""

    def __init__(self, container: Any) -> None:
        self.container = container

    @property
    def status(self) -> int:
        """The status with which it ended, as it was last seen."""
        return int(self.container.attrs["State"]["ExitCode"])

    async def state(self) -> dict[str, Any]:
        """What the daemon says of it now: `Status`, `ExitCode`, `OOMKilled`, `Health` …"""
        await daemon.asked(self.container.reload)
        found: dict[str, Any] = self.container.attrs["State"]
        return found

    async def health(self) -> str:
        """`starting`, `healthy`, `unhealthy`; `ended` where it does not run, empty where it says nothing of it."""
        state = await self.state()
        if state["Status"] not in ("running", "paused"):
            return "ended"
        return str((state.get("Health") or {}).get("Status") or "").replace("none", "")

    async def has_ended(self, within_s: float) -> bool:
        """Whether it ends within so many seconds."""

        async def ended() -> bool:
            return (await self.state())["Status"] in ("exited", "dead")

        return await until(ended, within_s)

    async def was_out_of_memory(self) -> bool:
        """Whether the kernel ended any process of it for its memory."""
        return bool((await self.state())["OOMKilled"])

    async def stop(self, grace_s: int) -> float:
        """Stop it as an orchestrator does: SIGTERM, and SIGKILL when the grace is over. Returns how long that took."""
        begun = monotonic()
        await daemon.asked(lambda: self.container.stop(timeout=grace_s))
        await self.state()
        return monotonic() - begun

    async def run(self, *words: str, user: str = "") -> tuple[int, str]:
        """Run a command in it; return its status and what it said."""
        done = await daemon.asked(lambda: self.container.exec_run(list(words), user=user))
        return int(done.exit_code or 0), done.output.decode(errors="replace").strip()

    def users(self) -> list[str]:
        """The users of its processes, as the daemon's machine counts them."""
        table = self.container.top(ps_args="-eo pid,uid,args")
        at = table["Titles"].index("UID")
        return [str(row[at]) for row in table["Processes"]]

    async def last_lines(self, count: int = 4) -> tuple[str, ...]:
        """What it said last."""
        said = await daemon.asked(daemon.last_lines, [self.container])
        lines = ["".join(sign if sign.isprintable() else " " for sign in line)[:300].rstrip() for line in said]
        return tuple([line for line in lines if line][-count:])


async def until(condition: Callable[[], Awaitable[Any]], within_s: float) -> bool:
    """Wait until a coroutine's answer is true; False where it is not within so many seconds."""
    deadline = monotonic() + within_s
    while True:
        if await condition():
            return True
        if monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_S)
