"""What each fault of a link does to connections: against plain sockets, without a shop."""

import asyncio
import socket

import pytest
from links import ANSWER, ASK, Callee, Reader, Writer, caller, open_again

from breakwater.engines.proxy import LinkProxy
from breakwater.faults import Direction
from breakwater.faults.hang import Hang
from breakwater.faults.jitter import Jitter
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.faults.refuse import Refuse
from breakwater.faults.reset import Reset

RESET, REFUSE = Reset("a", "b"), Refuse("a", "b")


async def exchange(reader: Reader, writer: Writer, ask: bytes = ASK) -> bytes:
    writer.write(ask)
    return await reader.readexactly(len(ANSWER))


async def hears_nothing(reader: Reader) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)


async def test_jitter_draws_anew_for_each_answer(proxy: LinkProxy) -> None:
    fault, same = Jitter("a", "b", 0.0, 0.2, seed=3), Jitter("a", "b", 0.0, 0.2, seed=3)
    proxy.add(fault)
    loop = asyncio.get_running_loop()
    async with caller(proxy) as ends:
        for _ in range(4):
            started = loop.time()
            await exchange(*ends)
            assert loop.time() - started >= same.late_s(Direction.ANSWER)


async def test_jitter_delays_all_parts_of_an_answer_by_one_draw(proxy: LinkProxy, callee: Callee) -> None:
    drawn: list[float] = []

    class Told(Jitter, abstract=True):
        def late_s(self, direction):
            drawn.append(super().late_s(direction))
            return drawn[-1]

    callee.parts = 5
    proxy.add(Told("a", "b", 0.01, 0.02))
    async with caller(proxy) as ends:
        await exchange(*ends)
    assert len([late_s for late_s in drawn if late_s]) == 1


async def test_reset_cuts_open_connections_at_once(proxy: LinkProxy) -> None:
    async with caller(proxy) as (reader, writer):
        await exchange(reader, writer)
        proxy.add(RESET)
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_reset_accepts_a_new_connection_and_cuts_it_when_a_request_arrives(
    proxy: LinkProxy, callee: Callee
) -> None:
    proxy.add(RESET)
    async with caller(proxy) as (reader, writer):
        await hears_nothing(reader)
        writer.write(ASK)
        with pytest.raises(ConnectionResetError):
            await reader.read()
    assert callee.heard == b""
    await proxy.remove(RESET)
    async with caller(proxy) as ends:
        assert await exchange(*ends) == ANSWER


async def test_refuse_cuts_and_refuses_and_listens_again_at_the_same_port(proxy: LinkProxy) -> None:
    port = proxy.port
    async with caller(proxy) as (reader, writer):
        await exchange(reader, writer)
        proxy.add(REFUSE)
        with pytest.raises(ConnectionResetError):
            await reader.read()
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    await proxy.remove(REFUSE)
    async with caller(proxy) as ends:
        assert await exchange(*ends) == ANSWER
    assert proxy.port == port


async def test_refusals_heal_with_the_last_of_them(proxy: LinkProxy) -> None:
    second = Refuse("a", "b")
    proxy.add(REFUSE)
    proxy.add(second)
    await proxy.remove(REFUSE)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", proxy.port)
    await asyncio.gather(proxy.remove(second), open_again(proxy))


async def test_nobody_else_is_given_the_port_of_a_link_that_refuses(proxy: LinkProxy) -> None:
    proxy.add(REFUSE)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", proxy.port))
    await proxy.remove(REFUSE)


async def test_a_lost_answer_was_carried_out_and_resets_the_connection(proxy: LinkProxy, callee: Callee) -> None:
    proxy.add(LoseAnswer("a", "b", "reset"))
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        with pytest.raises(ConnectionResetError):
            await reader.read()
    assert callee.heard == ASK
    (seen,) = proxy.exchanges()
    assert (seen.answered_at, seen.status) == (None, None)


async def test_an_answer_that_is_lost_in_silence_leaves_a_connection_that_never_speaks_again(
    proxy: LinkProxy, callee: Callee
) -> None:
    fault = LoseAnswer("a", "b", "hang", count=1)
    proxy.add(fault)
    async with caller(proxy) as (reader, writer), caller(proxy) as other:
        writer.write(ASK)
        await callee.until(lambda: callee.heard == ASK)
        await hears_nothing(reader)
        assert await exchange(*other) == ANSWER, "one answer was to be lost, on one connection"
        writer.write(ASK)
        await callee.until(lambda: callee.heard == ASK * 3)
        await hears_nothing(reader)
        await proxy.remove(fault)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert await exchange(*other) == ANSWER, "the connection that lost nothing lives on"


@pytest.mark.parametrize("parts", [1, 4])
async def test_so_many_answers_are_lost_and_the_link_carries_again(
    proxy: LinkProxy, callee: Callee, parts: int
) -> None:
    callee.parts = parts
    proxy.add(LoseAnswer("a", "b", "reset", count=2))
    for _ in range(2):
        async with caller(proxy) as (reader, writer):
            writer.write(ASK)
            with pytest.raises(ConnectionResetError):
                await reader.read()
    async with caller(proxy) as ends:
        assert [await exchange(*ends), await exchange(*ends)] == [ANSWER, ANSWER]


async def test_a_connection_that_carries_many_calls_loses_every_answer(proxy: LinkProxy, callee: Callee) -> None:
    """HTTP/2, here by its preface alone: everything from callee to caller is lost, however the calls are mixed."""
    fault = LoseAnswer("a", "b", "hang", count=1)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    proxy.add(fault)
    async with caller(proxy) as (reader, writer):
        for call in range(3):
            writer.write(preface)
            await callee.until(lambda calls=call + 1: callee.heard == preface * calls)
            await hears_nothing(reader)


async def test_a_hang_holds_the_request_that_would_reset(proxy: LinkProxy) -> None:
    hang = Hang("a", "b")
    proxy.add(RESET)
    proxy.add(hang)
    async with caller(proxy) as (reader, writer):
        writer.write(ASK)
        with pytest.raises(ConnectionResetError):
            await reader.read()
    await proxy.remove(hang)
    await proxy.remove(RESET)
    await open_again(proxy)
