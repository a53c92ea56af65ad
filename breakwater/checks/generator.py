"""A learner's load generator, running: Locust in a process of its own, and the door at which it asks.

It runs where a learner's code runs: on a learner's machine as any program of theirs; when it is graded, behind walls
of its own with a network of their own, in which there is nothing but the door. What it prints is kept for people, in
part, and decides nothing. When it is over, nothing of it is left.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from breakwater.checks import keeper
from breakwater.engines.isolation import SHOP, walls
from breakwater.errors import EngineTrouble

DOOR_S = 20.0  # how long our own part of the start may take
ENDS_WITHIN_S = 3.0
SAID_BYTES = 16 * 1024


def plain(text: str) -> str:
    """Text of a learner's that can be shown: nothing in it steers a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)


@dataclass
class Generator:
    """Locust, running. `door` listens where it asks; `said` is the end of what it printed."""

    process: asyncio.subprocess.Process
    door: socket.socket = field(init=False)
    said: bytearray = field(default_factory=bytearray)

    @property
    def has_ended(self) -> bool:
        return self.process.returncode is not None

    @property
    def last_lines(self) -> list[str]:
        """What it said last, a few lines, for people."""
        lines = (plain(line[:300]).rstrip() for line in self.said.decode(errors="replace").splitlines()[-50:])
        return [line for line in lines if line][-4:]

    async def end(self) -> None:
        """End it and all that it started, whatever it does about that."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.has_ended:
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, number)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.process.wait(), ENDS_WITHIN_S)

    async def listen(self) -> None:
        """Read what it prints, to the end, and keep so much of it."""
        assert self.process.stderr, "it was started with a pipe"
        while part := await self.process.stderr.read(SAID_BYTES):
            self.said = (self.said + part)[-SAID_BYTES:]


@asynccontextmanager
async def running(shop: Path, file: str, *, users: int, isolate: bool) -> AsyncIterator[Generator]:
    """Locust on the locustfile `file` of the shop in the folder `shop`, from the start of its process to its end.

    Raises EngineTrouble where this machine could not start it.
    """
    ours, its = socket.socketpair()
    with ours:
        with its:
            process = await asyncio.create_subprocess_exec(
                *_command(shop, file, users, its.fileno(), isolate=isolate),
                cwd="/" if isolate else (shop / file).parent,
                env={"PATH": os.defpath} if isolate else _environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(its.fileno(),),
                start_new_session=True,
            )
        generator = Generator(process)
        listening = asyncio.create_task(generator.listen())
        try:
            generator.door = await _door(ours, generator)
            with generator.door:
                yield generator
        finally:
            await generator.end()
            listening.cancel()


def _command(shop: Path, file: str, users: int, channel: int, *, isolate: bool) -> list[str]:
    """Locust's command line, behind that of its keeper, and where it is isolated behind that of its walls."""
    locust = ["-m", "locust", "-f", Path(file).name, "--host", "http://127.0.0.1:{port}", "--headless"]
    locust += ["--users", str(users), "--spawn-rate", str(users), "--only-summary", "--loglevel", "WARNING"]
    program = Path(keeper.__file__).read_text(encoding="utf-8")
    ours = [sys.executable, "-I", "-c", program, str(channel), sys.executable, *locust]
    if not isolate:
        return ours
    own = {"HOME": "/tmp", "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    settings = [word for name, value in own.items() for word in ("--setenv", name, value)]
    return [*walls(shop, "--unshare-net", *settings, "--chdir", str(SHOP / Path(file).parent)), *ours]


def _environment() -> dict[str, str]:
    """That of this process, without what would change how Locust runs or where it asks."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST_")}
    return kept | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


async def _door(channel: socket.socket, generator: Generator) -> socket.socket:
    """The door, as the keeper hands it out before anything of the learner's runs."""
    channel.settimeout(DOOR_S)
    descriptors: list[int] = []
    with suppress(OSError):
        _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, channel, 16, 1)
    if not descriptors:
        await generator.end()
        why = (generator.last_lines or ["it said nothing"])[-1]
        raise EngineTrouble(f"The program that runs Locust could not be started here: {why}")
    return socket.socket(fileno=descriptors[0])
