"""The fault proxy: one a link, between a caller and its callee.

It carries bytes, applies the faults that hit its link now (see `pipe`), and records exchanges as they pass.
"""

import asyncio
import contextlib
import errno
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from time import time

from breakwater.engines import Exchange
from breakwater.engines.description import Link
from breakwater.engines.pipe import BROKEN, END, Item, Pipe
from breakwater.engines.ports import Port, reserve
from breakwater.engines.sniff import Record, Sniffer
from breakwater.errors import BadInput, EngineTrouble
from breakwater.faults import Direction, LinkFault

MAX_EXCHANGES = 100_000
LOOPBACK = "127.0.0.1"
LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)  # a socket that is closed so resets its connection


class LinkProxy:
    """Listens for the caller of `link`, and connects each connection to the callee's `port` on `host`.

    `faults` are the faults active now; change them by `add` and `remove` only.
    """

    def __init__(
        self, link: Link, port: int, on_activity: Callable[[], None] = lambda: None, host: str = LOOPBACK
    ) -> None:
        self.link = link
        self.target = (host, port)
        self.faults: list[LinkFault] = []
        self.held = False
        self.connections: set[_Connection] = set()
        self._records: deque[Record] = deque(maxlen=MAX_EXCHANGES)
        self._on_activity = on_activity
        self._host = LOOPBACK
        self._port: Port | None = None
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()

    @property
    def port(self) -> int:
        """The port that the caller is given."""
        assert self._port
        return self._port.number

    @property
    def listening(self) -> bool:
        """Whether it was told to listen; a fault can have it refuse nevertheless."""
        return self._port is not None

    async def listen(self, port: int = 0, host: str = LOOPBACK) -> None:
        """Start listening, on a free port or on `port`; raises BadInput if that is taken."""
        try:
            self._host, self._port = host, reserve(port, host)
            await self._open()
        except OSError as error:
            if port and error.errno in (errno.EADDRINUSE, errno.EACCES):
                why = "in use by another program" if error.errno == errno.EADDRINUSE else "not yours to use"
                raise BadInput(f"Port {port} is {why}: choose another with --port, or leave it out.") from None
            raise EngineTrouble(f"No port could be opened for {self.link}: {error}") from None

    async def _open(self) -> None:
        """Open the port, unless it is open or a fault refuses."""
        loop = asyncio.get_running_loop()
        async with self._opening:
            if not self._server and not self._refuses:
                self._server = await loop.create_server(lambda: _CallerSide(self), self._host, self.port, backlog=1024)
            if self._refuses:  # since a moment ago
                self._shut()

    @property
    def _refuses(self) -> bool:
        return any(fault.refuses for fault in self.faults)

    def _shut(self) -> None:
        """Close the port. Its number is still ours: see `ports`."""
        if self._server:
            self._server.close()
            self._server = None

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._shut()
        self.cut()
        if self._port:
            self._port.release()
            self._port = None

    def cut(self) -> None:
        """Reset every connection at once; what was held is lost."""
        for connection in list(self.connections):
            connection.cut()

    def add(self, fault: LinkFault) -> None:
        """Begin `fault`: it meets every message from now on."""
        self.faults.append(fault)
        if fault.refuses:
            self._shut()
        if fault.cuts_open:
            self.cut()
        self._meet_anew()

    async def remove(self, fault: LinkFault) -> None:
        """Heal `fault`; what it held is delivered, and connections that went silent are reset."""
        del self.faults[next(n for n, each in enumerate(self.faults) if each is fault)]
        for connection in [each for each in self.connections if each.is_silent]:
            connection.cut()
        self._meet_anew()
        self._flush()
        if self.listening:
            await self._open()

    def _meet_anew(self) -> None:
        for connection in self.connections:
            connection.meet_anew()

    def hold(self) -> None:
        """Keep back everything until `release`; for a callee that is still starting."""
        self.held = True

    def release(self) -> None:
        self.held = False
        self._flush()

    def _flush(self) -> None:
        for connection in list(self.connections):
            connection.flush()

    def forget(self) -> None:
        """Empty the record of exchanges."""
        self._records.clear()

    def exchanges(self) -> Iterable[Exchange]:
        caller, callee = self.link.caller, self.link.callee
        for r in self._records:
            yield Exchange(caller, callee, r.request, r.request_id, r.asked_at, r.answered_at, r.status, r.left_at)

    def opened(self, connection: "_Connection") -> Sniffer:
        self.connections.add(connection)
        self._on_activity()
        return Sniffer(self._records.append, time)


class _Side(asyncio.Protocol):
    """One end of a connection. `into` is the pipe that it fills, `out_of` the one that empties into it."""

    transport: asyncio.Transport | None = None
    into: Pipe
    out_of: Pipe
    connection: "_Connection"
    lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.into.reads_from(transport)
        self.out_of.ready = True
        self.out_of.flush()

    def data_received(self, data: bytes) -> None:
        self.out_of.next_message()
        self.into.push(data)

    def eof_received(self) -> bool:
        self.into.push(END)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.out_of.drop()
        self.into.push(BROKEN)
        self.connection.side_lost()

    def pause_writing(self) -> None:
        self.out_of.ready = False

    def resume_writing(self) -> None:
        self.out_of.ready = True
        self.out_of.flush()

    def hand(self, item: Item) -> None:
        """Give `item` to the peer on this side."""
        if self.transport is None or self.transport.is_closing():
            return
        if isinstance(item, bytes):
            self.transport.write(item)
        elif item is BROKEN:
            self.transport.abort()
        else:
            with contextlib.suppress(OSError):  # the peer reset the connection, and we are not told yet
                self.transport.write_eof()
            self.connection.side_ended(self)


class _CallerSide(_Side):
    """The side that asks; what it says and is given is also read for the record."""

    def __init__(self, proxy: LinkProxy) -> None:
        self._proxy = proxy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connection = _Connection(self._proxy, self)
        self._sniffer = self._proxy.opened(self.connection)
        super().connection_made(transport)
        self.connection.reach_callee()

    def data_received(self, data: bytes) -> None:
        self._sniffer.request(data)
        super().data_received(data)

    def eof_received(self) -> bool:
        self._sniffer.left()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._sniffer.left()
        super().connection_lost(exc)

    def hand(self, item: Item) -> None:
        if isinstance(item, bytes):
            self._sniffer.answer(item)
        super().hand(item)


class _Connection:
    """A caller's connection, and the one to the callee that belongs to it."""

    def __init__(self, proxy: LinkProxy, caller: _CallerSide) -> None:
        self._proxy = proxy
        self._sides = (caller, _Side())
        self._caller, self._callee = self._sides
        self._callee.connection = self
        self._ended: set[_Side] = set()
        self._task: asyncio.Task[None] | None = None
        self._asks = caller.into = self._callee.out_of = Pipe(proxy, Direction.REQUEST, self._callee.hand, self.cut)
        self._answers = caller.out_of = self._callee.into = Pipe(proxy, Direction.ANSWER, caller.hand, self.cut)

    def reach_callee(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self._callee, *self._proxy.target)
        except OSError:
            self._callee.lost = True
            self._asks.drop()
            self._answers.push(BROKEN)

    def flush(self) -> None:
        self._asks.flush()
        self._answers.flush()

    def meet_anew(self) -> None:
        """Have the messages that pass now meet the faults as they are now."""
        self._asks.next_message()
        self._answers.next_message()

    @property
    def is_silent(self) -> bool:
        """Whether a side will never hear the rest of what was said to it."""
        return self._asks.is_silent or self._answers.is_silent

    @property
    def held_bytes(self) -> int:
        return self._asks.held_bytes + self._answers.held_bytes

    def side_ended(self, side: _Side) -> None:
        """`side` was told that no more comes. With both told, the connection is over."""
        self._ended.add(side)
        if len(self._ended) == len(self._sides):
            for each in self._sides:
                if each.transport:
                    each.transport.close()

    def side_lost(self) -> None:
        if self._caller.lost and self._callee.lost:
            self._proxy.connections.discard(self)

    def cut(self) -> None:
        self._asks.drop()
        self._answers.drop()
        if self._task:
            self._task.cancel()
        for side in self._sides:
            if side.transport:
                _reset(side.transport)
        self._proxy.connections.discard(self)


def _reset(transport: asyncio.Transport) -> None:
    """Close a connection such that its peer is told of a reset, not of an end."""
    with contextlib.suppress(OSError):  # it is closed already
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT_AT_ALL)
    transport.abort()
