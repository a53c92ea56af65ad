"""A notebook's kernel, in a cell of the sandbox.

The kernel talks to us over Unix sockets in one folder that both see; there is no network in its cell. It is
interrupted by a message, because a signal would hit the wrapper, and it is ended by killing the wrapper.
"""

import itertools
import os
import shutil
import subprocess
from copy import copy
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager
from traitlets import Instance, Unicode, default

from autograder import sandbox
from breakwater import paths

MESSAGE_BYTES = 16 << 20
SEND_MS = 5000
_numbers = itertools.count(1)


class SandboxedKernelManager(AsyncKernelManager):
    """Starts the kernel confined. `shown` is the folder that it works in, `at` the path under which it sees it."""

    shown = Instance(Path)
    at = Unicode("/submission")

    @default("transport")
    def _ipc(self) -> str:
        return "ipc"

    @default("connection_file")
    def _in_a_folder_of_its_own(self) -> str:
        _sweep()
        self._shared = _folder() / f"{os.getpid()}-{next(_numbers)}"
        self._shared.mkdir(mode=0o700)
        return str(self._shared / "k.json")

    @property
    def meeting(self) -> Path:
        """Where the kernel can meet another process, at a socket."""
        return self._shared / "judge"

    @property
    def kernel_spec(self) -> Any:
        spec = copy(super().kernel_spec)
        if spec is not None:
            spec.interrupt_mode = "message"
        return spec

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = super().format_kernel_cmd(extra_arguments=extra_arguments)
        env = {
            "PYTHONPATH": "/opt/course",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "OPENBLAS_NUM_THREADS": "1",
            "NBGRADER_EXECUTION": os.environ.get("NBGRADER_EXECUTION", "autograde"),
        }
        for file in self._shared.iterdir():
            os.chmod(file, 0o644)  # the kernel may be another user; nobody else can enter the folder
        return sandbox.cell_command(command, shown=self.shown, at=self.at, shared=self._shared, env=env)

    def client(self, **options: Any) -> Any:
        client = super().client(**options)
        client.context = zmq.asyncio.Context()
        client.context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)  # a larger one ends its connection, not our memory
        client.context.setsockopt(zmq.SNDTIMEO, SEND_MS)  # and nobody waits for ever to send on it
        client._created_context = True  # so that the client destroys it
        return client

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        with (self._shared / "log").open("wb") as log:
            await super()._async_launch_kernel(kernel_cmd, **options, stdout=log.fileno(), stderr=subprocess.STDOUT)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        shutil.rmtree(self._shared, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources


class OpenKernelManager(AsyncKernelManager):
    """Starts the kernel as any other program, where an instructor does without the sandbox."""

    @property
    def meeting(self) -> Path:
        return Path(self.connection_file).with_suffix(".judge")

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        env = options.pop("env", None) or dict(os.environ)
        await super()._async_launch_kernel(kernel_cmd, **options, env=env | {"PYTHONPATH": str(sandbox.INERT)})


def _folder() -> Path:
    folder = paths.state() / "kernels"
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    return folder


def _sweep() -> None:
    """Remove the sockets of graders that were killed."""
    for folder in _folder().iterdir():
        pid = folder.name.partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)
