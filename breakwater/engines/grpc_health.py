"""Asks a gRPC service for its health (the standard protocol, grpc.health.v1), in a few frames of HTTP/2.

Not by gRPC's own client: it would bring threads into the supervisor, whose children are bound to the thread that
started them, and take longer to import than a whole shop to start.
"""

import asyncio
from collections.abc import AsyncIterator

from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset, TrailersReceived
from h2.exceptions import ProtocolError

from breakwater.engines.sniff_http2 import status_of

CHECK = "/grpc.health.v1.Health/Check"
HEADERS = (
    *((":method", "POST"), (":scheme", "http"), (":authority", "127.0.0.1"), (":path", CHECK)),
    *(("content-type", "application/grpc"), ("te", "trailers")),
)
EMPTY = bytes(5)  # no compression, and a message of no length: the health of the whole server
SERVING = b"\x00\x00\x00\x00\x02\x08\x01"
NOT_SERVING = b"\x00\x00\x00\x00\x02\x08\x02"


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """Ask whether the service is ready: an empty string if it is, else what it answered."""
    connection = H2Connection()
    connection.initiate_connection()
    connection.send_headers(1, HEADERS)
    connection.send_data(1, EMPTY, end_stream=True)
    said, status = b"", ""
    try:
        async for event in _events(connection, reader, writer):
            said += event.data if isinstance(event, DataReceived) else b""
            status = _status(event) or status
    except ProtocolError:
        return "it listened at its port, and does not speak gRPC"
    if said == SERVING:
        return ""
    return f"{CHECK} answered {'NOT_SERVING' if said == NOT_SERVING else status or 'nothing'}"


async def _events(
    connection: H2Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncIterator[Event]:
    """Yield what happens on the connection until the answer has ended."""
    writer.write(connection.data_to_send())
    while data := await reader.read(4096):
        for event in connection.receive_data(data):
            yield event
            if isinstance(event, StreamEnded | StreamReset):
                return
        writer.write(connection.data_to_send())


def _status(event: Event) -> str:
    if not isinstance(event, ResponseReceived | TrailersReceived):
        return ""
    return str(status_of(dict(event.headers)) or "")
