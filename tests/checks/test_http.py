"""Any service asked over HTTP: what a server does is told, whatever it is, and who leaves or reads slowly does so."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from breakwater.checks.http import Http
from breakwater.errors import EngineTrouble

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"


class Engine:
    def __init__(self, port: int) -> None:
        self.port = port

    def endpoint(self, service: str) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[Http]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Http(Engine(port)) as http:  # type: ignore[arg-type]
        yield http
    server.close()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def says_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await head(reader)
    writer.write(OK + b"{}")
    writer.close()


async def test_an_answer_is_heard_with_its_wait_and_its_body() -> None:
    async with serving(says_ok) as http:
        heard = await http.get("gateway", "/x")
    assert (heard.status, heard.json(), heard.told, heard.request) == (200, {}, "200", "GET /x")
    assert 0 <= heard.elapsed_s < 5


async def test_what_is_no_json_is_none() -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(OK + b"[[")
        writer.close()

    async with serving(odd) as http:
        assert (await http.get("gateway", "/")).json() is None


async def test_who_has_lost_patience_hangs_up() -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        await reader.read()
        gone.set()
        writer.close()

    async with serving(silent) as http:
        heard = await http.get("gateway", "/", patience_s=0.05)
        assert heard.status is None
        assert heard.told == "nothing: no answer came within 0.1 s"
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_cut_connection_and_a_refused_one_are_told() -> None:
    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.transport.abort()

    async with serving(cuts) as http:
        assert (await http.get("gateway", "/")).told == "nothing: the connection was cut"
    async with Http(Engine(1)) as http:  # type: ignore[arg-type]
        assert (await http.get("gateway", "/")).told == "nothing: gateway refused the connection"
        with pytest.raises(EngineTrouble, match="takes no connection"):
            async with http.half_sent("gateway", "/", {}):
                pass


async def test_probes_go_on_whatever_became_of_the_one_before() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await says_ok(reader, writer)

    async with serving(slow) as http, http.probes("gateway", "/", every_s=0.02) as heard:
        await asyncio.sleep(0.1)
        assert heard == []
    assert len(heard) >= 4
    assert {each.status for each in heard} == {200}
    assert min(each.elapsed_s for each in heard) >= 0.19


async def test_a_half_sent_request_is_finished_later() -> None:
    came: list[bytes] = []
    half_came = asyncio.Event()

    async def quotes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int((await head(reader)).lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        came.append(await reader.readexactly(length // 2))
        half_came.set()
        came.append(await reader.readexactly(length - length // 2))
        writer.write(OK + b"{}")
        writer.close()

    booking = {"event": "quay-concert", "seats": 12}
    async with serving(quotes) as http, http.half_sent("pricing", "/quotes", booking) as half:
        await asyncio.wait_for(half_came.wait(), 5)
        heard = await half.finish()
    assert (heard.status, heard.request) == (200, "POST /quotes")
    assert json.loads(b"".join(came)) == booking


async def test_a_half_sent_request_that_is_cut_is_told() -> None:
    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.transport.abort()

    async with serving(cuts) as http, http.half_sent("pricing", "/quotes", {"seats": 12}) as half:
        heard = await half.finish()
    assert (heard.status, heard.told) == (None, "nothing: the connection was cut before an answer came")


async def test_a_slow_reader_takes_no_more_than_it_says() -> None:
    sent = 0
    is_full = asyncio.Event()

    async def pours(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        writer.transport.set_write_buffer_limits(high=1)
        while sent < 50_000_000:
            writer.write(b"x" * 100_000)
            sent += 100_000
            try:
                async with asyncio.timeout(0.5):
                    await writer.drain()
            except TimeoutError:
                is_full.set()
                await writer.drain()
            except ConnectionError:
                return

    async with serving(pours) as http, http.slow_reader("gateway", "/tours") as reader:
        assert reader.heard.status == 200
        await asyncio.wait_for(is_full.wait(), 20)
        before = sent
        assert before < 20_000_000
        assert await reader.read(30_000_000) >= 30_000_000
        assert sent > before


async def test_a_slow_reader_without_an_answer_says_so() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with serving(silent) as http, http.slow_reader("gateway", "/tours", patience_s=0.05) as reader:
        assert reader.heard.told == "nothing: no answer came within 0.1 s"
