"""What the engines of one machine share: a thin, synchronous client of the supervisor that holds the shop.

It starts the supervisor (see `supervisor`) where none lives.
"""

import contextlib
import http.client
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from breakwater import paths
from breakwater.engines import Exchange, ServiceStatus, ShopSpec, description, state
from breakwater.engines.control import LOGS, SOCKET, error_from_json, hold_state_path
from breakwater.engines.process import LINUX, tail
from breakwater.engines.supervisor import IDLE_S, Job
from breakwater.errors import BadInput, CourseError, EngineTrouble
from breakwater.faults import Fault

CONTROL_S = 30.0


class SupervisedEngine:
    """Runs the shop of `spec`; see the protocol `breakwater.engines.Engine` for what each method does.

    `isolate`: each learner-side service runs behind walls of its own, and what is not the learner's is taken from
    the course. `lease`: the shop ends with this process; otherwise it runs until `down`. `port`: the public port.
    `idle_s`: a shop that nobody uses for so many seconds ends.
    """

    name = ""
    start_s = 15.0
    """How long a supervisor may take to start, the end of an earlier one included."""

    end_s = 20.0

    def __init__(
        self,
        spec: ShopSpec,
        *,
        name: str = "",
        isolate: bool = False,
        lease: bool = False,
        port: int = 0,
        idle_s: float = IDLE_S,
    ) -> None:
        self.spec = spec
        self._state = spec.state / name if name else spec.state
        self._isolate = isolate
        self._lease = lease
        self._port = port
        self._idle_s = idle_s
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._where: dict[str, Any] | None = None

    def up(self, tell: Callable[[ServiceStatus], None] = lambda status: None) -> list[ServiceStatus]:
        """Start everything that does not run; `tell` hears of each service as it becomes healthy."""
        trusted = self._trusted()
        description.load(self.spec.folder, trusted=Path(trusted) if trusted else None)
        hold_state_path(self._state)
        try:
            services = self._bring_up(trusted, tell)
        except _Ended:
            if self._supervisor:
                raise
            services = self._bring_up(trusted, tell)  # the one that we met was about to end
        self._hold_port()
        return services

    def _bring_up(self, trusted: str, tell: Callable[[ServiceStatus], None]) -> list[ServiceStatus]:
        with self._connected_or_started(trusted) as connection:
            connection.ask({"op": "up", "engine": self.name})
            try:
                services = connection.answer(lambda progress: tell(ServiceStatus(**progress)))
            except CourseError:
                if connection.ends:
                    self._wait_for_end(connection.pid)
                raise
        return [ServiceStatus(**service) for service in services]

    def _hold_port(self) -> None:
        """Raise BadInput if the shop was up already, at another port than the one asked for."""
        url = self.endpoint(self.public) if self._port else ""
        if url and not url.endswith(f":{self._port}"):
            raise BadInput(f"The shop is up already, at {url}. For another port: course shop down, then up again.")

    def down(self) -> None:
        self._where = None
        connection = self._connect()
        if connection is None:
            self._clear()
            return
        with connection:
            connection.ask({"op": "down"})
            connection.answer()
        self._wait_for_end(connection.pid)

    def status(self) -> list[ServiceStatus]:
        connection = self._connect()
        if connection is None:
            return []
        with connection:
            connection.ask({"op": "status"})
            return [ServiceStatus(**service) for service in connection.answer()]

    def logs(self, service: str | None = None, *, follow: bool = False) -> Iterator[str]:
        from breakwater.engines.logs import read

        if service is not None:
            names = list(description.load(self.spec.folder).services)
            if service not in names:
                description.load(self.spec.folder).find(service)
        return read(self._state / LOGS, service, until=(lambda: not state.is_locked(self._state)) if follow else None)

    def reset(self) -> None:
        self._call("reset")

    def restart(self, service: str) -> None:
        self._call("restart", service=service)

    def kill(self, service: str) -> None:
        self._call("kill", service=service)

    def pause(self, service: str) -> None:
        self._call("pause", service=service)

    def resume(self, service: str) -> None:
        self._call("resume", service=service)

    def scale(self, service: str, replicas: int) -> None:
        self._call("scale", service=service, replicas=replicas)

    def endpoint(self, service: str) -> str:
        endpoints = self._locations()["endpoints"]
        if service not in endpoints:
            description.load(self.spec.folder).find(service)
            raise BadInput(f"{service} is a server of the engine's own and has no HTTP endpoint.")
        return str(endpoints[service])

    @property
    def public(self) -> str:
        """The name of the service that buyers reach."""
        return str(self._locations()["public"])

    @contextlib.contextmanager
    def inject(self, fault: Fault) -> Iterator[None]:
        with self._connected() as connection:
            connection.ask({"op": "inject", "fault": fault.to_json()})
            connection.next()
            try:
                yield
            finally:
                connection.close_and_wait()

    def provider(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        where = self._locations()["provider"]
        if not where:
            raise BadInput("This shop has no card provider: no judge-side service has a CONTROL_SOCKET.")
        connection = self._controls(where)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"} if payload else {})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineTrouble(f"The provider's controls do not answer {method} {path}: {error}") from None
        finally:
            connection.close()
        if answer.status >= 300:
            raise EngineTrouble(f"The provider's controls refused {method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def _controls(self, where: str) -> http.client.HTTPConnection:
        """A connection to the provider's controls, at `where` the supervisor says that they are."""
        return _UnixHTTP(where)

    def trace(self) -> list[Exchange]:
        return [Exchange(*values) for values in self._call("trace")]

    def _trusted(self) -> str:
        given = self.spec.trusted or (paths.BOXOFFICE if self._isolate else None)
        return str(given) if given else ""

    def _locations(self) -> dict[str, Any]:
        if self._where is None:
            self._where = self._call("where")
        return self._where

    def _call(self, op: str, **arguments: Any) -> Any:
        with self._connected() as connection:
            connection.ask({"op": op, **arguments})
            return connection.answer()

    def _connected(self) -> "_Connection":
        connection = self._connect()
        if connection is None:
            raise EngineTrouble("The shop is not up. Start it: course shop up")
        return connection

    def _connect(self) -> "_Connection | None":
        """A connection to the supervisor, or None if none lives."""
        try:
            return _Connection(self._state / SOCKET)
        except OSError:
            return None

    def _connected_or_started(self, trusted: str) -> "_Connection":
        connection = self._connect()
        if connection:
            return connection
        self._where = None
        own = self._spawn(trusted)
        deadline = time.monotonic() + self.start_s
        while time.monotonic() < deadline:
            connection = self._connect()
            if connection:
                return connection
            if own.poll() is not None and not state.is_locked(self._state):
                if own.returncode:
                    break
                own = self._spawn(trusted)  # it met one that was just ending
            time.sleep(0.005)
        raise EngineTrouble(f"The supervisor did not start: {self._last_words()}")

    def _spawn(self, trusted: str) -> "subprocess.Popen[bytes]":
        job = Job(
            folder=str(self.spec.folder.resolve()),
            state=str(self._state),
            isolate=self._isolate,
            lease=self._lease,
            port=self._port,
            trusted=trusted,
            idle_s=self._idle_s,
            engine=self.name,
        )
        state.make(self._state)
        with (self._state / state.OWN_LOG).open("ab") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "breakwater.engines.supervisor", job.to_text()],
                stdin=subprocess.PIPE if self._lease else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._supervisor

    def _last_words(self) -> str:
        lines = [line for line in tail(self._state / state.OWN_LOG) if line.strip()]
        return lines[-1] if lines else "it said nothing"

    def _clear(self) -> None:
        """Remove what a supervisor left that did not end by itself."""
        if not self._state.is_dir():
            return
        held = state.lock(self._state)
        if held is None:
            raise EngineTrouble(
                f"The shop's supervisor holds {self._state} and does not answer. Try again in a moment."
            )
        state.clear(self._state)
        state.remove(self._state)
        held.close()

    def _wait_for_end(self, pid: int) -> None:
        """Return when the supervisor has ended; by then it has removed everything."""
        deadline = time.monotonic() + self.end_s
        if self._supervisor and self._supervisor.pid == pid:
            try:
                self._supervisor.wait(self.end_s)
            except subprocess.TimeoutExpired:
                deadline = 0.0
            if self._supervisor.stdin:
                self._supervisor.stdin.close()
        elif not _ended(pid, deadline):
            deadline = 0.0
        if not deadline:
            raise EngineTrouble(f"The shop's supervisor (process {pid}) does not end. End it: kill {pid}")


def _ended(pid: int, deadline: float) -> bool:
    """Wait until a process that is not our child has ended."""
    try:
        if LINUX:
            handle = os.pidfd_open(pid)
            try:
                return bool(select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0])
            finally:
                os.close(handle)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        return True
    return False


class _Ended(EngineTrouble):
    """The supervisor ended before it answered."""


class _Connection:
    """One connection to a supervisor, whose process is `pid`; `ends` says that it is about to end. Closed by `with`."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")
        self.pid = 0
        self.ends = False

    def ask(self, request: Mapping[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the answer, or its absence, will tell
            self._socket.sendall(json.dumps(request).encode() + b"\n")

    def next(self) -> dict[str, Any]:
        """The next line of the answer. Raises the error that it carries, EngineTrouble if there is none."""
        try:
            line = self._lines.readline()
        except OSError:
            line = b""
        if not line:
            raise _Ended("The shop's supervisor ended. Start the shop again: course shop up")
        answer: dict[str, Any] = json.loads(line)
        self.pid, self.ends = answer["pid"], answer.get("ends", False)
        if "error" in answer:
            raise error_from_json(answer["error"])
        return answer

    def answer(self, progress: Callable[[Any], None] = lambda progress: None) -> Any:
        """What the op returned; `progress` is called for each line before it."""
        while "done" not in (answer := self.next()):
            progress(answer["progress"])
        return answer["done"]

    def close_and_wait(self) -> None:
        """Say that we need no more, and return when the supervisor has done what follows. Raises what went wrong."""
        line = b""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            line = self._lines.readline()
        answer = json.loads(line or b"{}")
        if "error" in answer:
            raise error_from_json(answer["error"])

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *exc: object) -> None:
        self._lines.close()
        self._socket.close()


class _UnixHTTP(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CONTROL_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
