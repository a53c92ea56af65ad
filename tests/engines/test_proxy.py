"""What a link's proxy carries, holds and records: against plain sockets, without a shop."""

import asyncio
import socket

import pytest
from links import ANSWER, ASK, LINK, Callee, caller

from breakwater.engines.pipe import HIGH_WATER
from breakwater.engines.proxy import LinkProxy
from breakwater.errors import BadInput
from breakwater.faults.hang import Hang
from breakwater.faults.latency import Latency

HANG = Hang("a", "b")


async def is_broken(reader: asyncio.StreamReader) -> bool:
    """Whether the connection ends without an answer, by a reset or an early end."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def test_it_carries_both_ways_and_records(proxy: LinkProxy, callee: Callee) -> None:
    async with caller(proxy) as (reader, writer):
        for _ in range(2):
            writer.write(ASK)
            assert await reader.readexactly(len(ANSWER)) == ANSWER
    assert callee.heard == ASK * 2
    seen = [(e.caller, e.callee, e.request, e.request_id, e.status) for e in proxy.exchanges()]
    assert seen == [("a", "b", "GET /x", "r1", 200)] * 2


async def test_what_is_not_http_is_carried_and_not_recorded(proxy: LinkProxy, callee: Callee) -> None:
    async with caller(proxy) as (_, writer):
        writer.write(b"\x00\x01binary")
        await callee.until(lambda: callee.heard == b"\x00\x01binary")
    assert list(proxy.exchanges()) == []


async def test_the_end_of_one_direction_leaves_the_other_open(proxy: LinkProxy, callee: Callee) -> None:
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        writer.write_eof()
        assert await reader.read() == ANSWER
    assert callee.ended == 1


async def test_late_answers_come_whole_in_order_and_late(proxy: LinkProxy) -> None:
    proxy.add(Latency("a", "b", 0.2))
    loop = asyncio.get_running_loop()
    async with caller(proxy) as (reader, writer):
        started = loop.time()
        writer.write(ASK)
        assert await reader.readexactly(len(ANSWER)) == ANSWER
        assert loop.time() - started >= 0.2
    (exchange,) = proxy.exchanges()
    assert exchange.answered_at is not None
    assert exchange.answered_at - exchange.asked_at >= 0.2


async def test_latency_holds_back_no_request(proxy: LinkProxy, callee: Callee) -> None:
    proxy.add(Latency("a", "b", 3600))
    async with caller(proxy) as (_, writer):
        writer.write(ASK)
        await callee.until(lambda: callee.heard == ASK)


async def test_latencies_add_up_and_heal_one_by_one(proxy: LinkProxy) -> None:
    first, second = Latency("a", "b", 0.1), Latency("a", "b", 0.1)
    proxy.add(first)
    proxy.add(second)
    loop = asyncio.get_running_loop()
    async with caller(proxy) as (reader, writer):
        for bound, heals in ((0.2, second), (0.1, first), (0.0, None)):
            started = loop.time()
            writer.write(ASK)
            await reader.readexactly(len(ANSWER))
            assert loop.time() - started >= bound
            if heals:
                await proxy.remove(heals)
    assert proxy.faults == []


async def test_what_a_latency_made_late_comes_when_it_heals(proxy: LinkProxy, callee: Callee) -> None:
    years, moment = Latency("a", "b", 3600), Latency("a", "b", 0.1)
    proxy.add(years)
    proxy.add(moment)
    loop = asyncio.get_running_loop()
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        await callee.until(lambda: callee.heard == ASK)
        started = loop.time()
        await proxy.remove(years)
        assert await reader.readexactly(len(ANSWER)) == ANSWER
        assert loop.time() - started <= 60


async def test_a_hang_accepts_and_carries_nothing_until_it_heals(proxy: LinkProxy, callee: Callee) -> None:
    proxy.add(HANG)
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        assert callee.heard == b""
        await proxy.remove(HANG)
        assert await reader.readexactly(len(ANSWER)) == ANSWER


async def test_a_hang_in_the_middle_holds_the_answer(proxy: LinkProxy, callee: Callee) -> None:
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        await reader.readexactly(len(ANSWER))
        proxy.add(HANG)
        writer.write(ASK)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        await proxy.remove(HANG)
        assert await reader.readexactly(len(ANSWER)) == ANSWER


async def test_a_request_that_was_given_up_arrives_when_the_hang_heals(proxy: LinkProxy, callee: Callee) -> None:
    proxy.add(HANG)
    async with caller(proxy) as (_, writer):
        writer.write(ASK)
        await writer.drain()
    await proxy.remove(HANG)
    await callee.until(lambda: callee.ended)
    assert callee.heard == ASK


async def test_a_caller_that_breaks_the_connection_breaks_it_for_the_callee(proxy: LinkProxy, callee: Callee) -> None:
    async with caller(proxy) as (_, writer):
        writer.write(b"half a requ")
        await callee.until(lambda: callee.heard)
        writer.transport.abort()
        await callee.until(lambda: callee.ended)


async def test_nobody_behind_the_link_is_a_broken_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = LinkProxy(LINK, unused.getsockname()[1])
        await proxy.listen()
        async with caller(proxy) as (reader, writer):
            writer.write(ASK)
            assert await is_broken(reader)
        proxy.close()


async def test_a_refused_connection_is_not_told_during_a_hang() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = LinkProxy(LINK, unused.getsockname()[1])
        await proxy.listen()
        proxy.add(HANG)
        async with caller(proxy) as (reader, _):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)
            await proxy.remove(HANG)
            assert await is_broken(reader)
        proxy.close()


async def test_memory_is_bounded_while_a_hang_holds(proxy: LinkProxy) -> None:
    proxy.add(HANG)
    async with caller(proxy) as (_, writer):
        writer.write(b"x" * 64 * 1024 * 1024)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.5)
        (connection,) = proxy.connections
        assert connection.held_bytes < HIGH_WATER * 4


async def test_much_data_passes_whole_through_back_pressure(proxy: LinkProxy, callee: Callee) -> None:
    total = 8 * 1024 * 1024
    async with caller(proxy) as (_, writer):
        writer.write(b"x" * total)
        proxy.add(HANG)
        await asyncio.sleep(0.02)
        await proxy.remove(HANG)
        await callee.until(lambda: len(callee.heard) == total)


async def test_cut_ends_every_connection_and_forgets_what_was_held(proxy: LinkProxy, callee: Callee) -> None:
    proxy.add(HANG)
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        await writer.drain()
        proxy.cut()
        assert await is_broken(reader)
    await proxy.remove(HANG)
    assert callee.heard == b""
    assert proxy.connections == set()


async def test_a_taken_port_is_the_users_mistake(proxy: LinkProxy) -> None:
    with pytest.raises(BadInput, match=f"Port {proxy.port} is in use by another program"):
        await LinkProxy(LINK, 1).listen(proxy.port)
