"""Whatever a shop does, a buyer brings back an answer with its reason; only this machine's trouble is an error."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest

from breakwater.buyer import Buyer, Description
from breakwater.errors import EngineTrouble

Serve = Callable[[bytes], Awaitable[Buyer]]
HUGE = b"x" * 1_100_000


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A shop that answers each request with these bytes; `BUYER` in them becomes the buyer's name."""
    opened = []

    async def serve(answer: bytes | None, *, close: bool = True) -> Buyer:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(next((line.split(b":")[1] for line in head.split(b"\r\n") if b"ength" in line), b"0"))
            asked = json.loads(await reader.readexactly(length) or b"{}")
            writer.write((answer or b"").replace(b"BUYER", asked.get("buyer", "BUYER").encode()))
            if close:
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        buyer = Buyer(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", patience_s=2.0)
        opened.append((server, buyer))
        return buyer

    yield serve
    for server, buyer in opened:
        await buyer.__aexit__(None, None, None)
        server.close()


def http(status: int, body: object, *headers: str) -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


ORDER = {"id": "o1", "event": "opening-night", "seat": "A1", "buyer": "BUYER", "amount_cents": 4500}
PROBLEM = "Content-Type: application/problem+json"

WITHIN = {
    "201": http(201, ORDER | {"status": "confirmed"}),
    "202": http(202, ORDER | {"status": "pending"}, "Location: /orders/o1"),
    "202 elsewhere": http(202, ORDER | {"status": "pending"}, "Location: http://shop.example/v1/orders/o1/"),
    "402": http(402, {"title": "Payment Required"}, PROBLEM),
    "503": http(503, {"title": "x"}, PROBLEM + "; charset=utf-8"),
    "429": http(429, {}, PROBLEM),
}

OUTSIDE = {
    http(200, ORDER | {"status": "confirmed"}): "200, which the contract does not know",
    http(500, {"title": "x"}, PROBLEM): "500 (“I do not know”), which is no outcome",
    http(504, {"title": "x"}, PROBLEM): "504 (“I do not know”), which is no outcome",
    http(503, {"detail": "no"}, "Content-Type: application/json"): "503 as application/json, and the contract asks",
    http(503, ["no"], PROBLEM): "503 with a problem detail that is no JSON object",
    http(201, b"<html>"): "201 with a body that is no JSON",
    http(201, b"[" * 100_000): "201 with a body that is no JSON",
    http(201, HUGE): "201 with a body of more than 1 MB",
    http(201, b"\xff\xfe"): "201 with a body that is no JSON",
    http(201, b'{"id": "\\ud800"}'): "201 with a body that is no JSON",
    http(201, ["sold"]): "201 without an order in the body",
    http(201, ORDER | {"status": "pending"}): "201 with an order whose status is 'pending'",
    http(201, ORDER | {"status": "confirmed", "seat": "B2"}): "201 with 'B2' as the order's seat, and it had asked",
    http(201, ORDER | {"status": "confirmed", "amount_cents": True}): "201 with True as the order's amount_cents",
    http(201, ORDER | {"status": "confirmed", "id": 7}): "201 with an order that has no id",
    http(202, ORDER | {"status": "pending"}): "202 without `Location: /orders/{id}`",
    http(202, ORDER | {"status": "pending"}, "Location: /orders/o2"): "with the Location of order 'o2'",
    b"nonsense\r\n\r\n": "nothing that can be read: illegal status line",
    b"HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{": "nothing that can be read: peer closed connection",
    b"HTTP/1.1 201 X\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc": "nothing that can be read",
    b"": "nothing that can be read: Server disconnected",
}


def fit(answer: bytes, name: str) -> bytes:
    """The answer with its length as it is after BUYER was replaced."""
    grown = answer.count(b"BUYER") * (len(name) - len("BUYER"))
    head, _, rest = answer.partition(b"Content-Length: ")
    number, _, tail = rest.partition(b"\r\n")
    return head + b"Content-Length: " + str(int(number) + grown).encode() + b"\r\n" + tail if grown else answer


@pytest.mark.parametrize("answer", WITHIN.values(), ids=WITHIN)
async def test_an_answer_within_the_contract_has_no_trouble(serve, answer) -> None:
    buyer = await serve(fit(answer, "anna-maria"))
    told = await buyer.buy("A1", buyer="anna-maria")
    assert told.trouble == ""
    assert told.order_id == ("o1" if told.status in (201, 202) else None)
    assert buyer.told == [told]


@pytest.mark.parametrize("answer", OUTSIDE, ids=OUTSIDE.values())
async def test_an_answer_outside_the_contract_says_why(serve, answer) -> None:
    told = await (await serve(fit(answer, "anna-maria"))).buy("A1", buyer="anna-maria")
    assert OUTSIDE[answer] in told.trouble


async def test_a_silent_shop_is_left_when_patience_ends(serve) -> None:
    told = await (await serve(None, close=False)).buy("A1", patience_s=0.3)
    assert (told.status, told.trouble) == (None, "nothing: no answer came within 0.3 s")
    assert 0.3 <= told.elapsed_s < 1.5


async def test_a_shop_that_drips_bytes_does_not_outlast_patience(serve) -> None:
    started = b"HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{"
    told = await (await serve(started, close=False)).buy("A1", patience_s=0.3)
    assert told.trouble == "nothing: no answer came within 0.3 s"


async def test_a_refused_connection_is_an_observation() -> None:
    async with Buyer("http://127.0.0.1:9") as buyer:
        told = await buyer.buy("A1")
    assert told.trouble == "nothing: the gateway refused the connection"


async def test_this_machines_trouble_is_not_the_shops(monkeypatch) -> None:
    def exhausted(*args: object, **options: object) -> None:
        raise httpx.ConnectError("x") from OSError(errno.EMFILE, "Too many open files")

    async with Buyer("http://127.0.0.1:9") as buyer:
        monkeypatch.setattr(buyer._client, "stream", exhausted)
        with pytest.raises(EngineTrouble, match="Too many open files"):
            await buyer.buy("A1")


async def test_looking_at_an_order_brings_its_state_or_why_not(serve) -> None:
    buyer = await serve(http(200, ORDER | {"status": "cancelled"}))
    assert (await buyer.order("o1")).status == "cancelled"
    assert "as the order's id" in (await buyer.order("another")).trouble
    gone = await serve(http(404, {"title": "x"}, PROBLEM))
    assert (await gone.order("o1")).trouble == "404"
    assert (await gone.order("../../\n etc")).trouble == "404"


async def test_an_order_of_which_no_seat_can_be_made_out_says_why(serve) -> None:
    buyer = await serve(http(200, ORDER | {"status": "confirmed", "seat": ["A1"]}))
    assert (await buyer.order("o1")).trouble == "200 with ['A1'] as the order's seat"


SEAT = {"seat": "A1", "price_cents": 4500, "sold": False}
ODD_LISTS = {
    http(200, {"seats": []}): "200 without a list in the body",
    http(200, ["A1"]): "200 with a list in which a seat has no name",
    http(200, [SEAT, SEAT]): "200 with a list in which seat 'A1' stands twice",
    http(200, [SEAT | {"price_cents": "45"}]): "200 with a list in which '45' is the price_cents of seat 'A1'",
    http(200, [SEAT | {"price_cents": 0}]): "200 with a list in which 0 is the price_cents of seat 'A1'",
    http(200, [SEAT | {"sold": 0}]): "200 with a list in which 0 is the sold of seat 'A1'",
    http(200, b"<html>"): "200 with a body that is no JSON",
    http(500, {}, PROBLEM): "500, which the contract does not know for a list of seats",
    http(503, {}, PROBLEM): "503",
    http(404, {}): "404 as no content type",
    b"": "nothing that can be read: Server disconnected",
}


async def test_looking_at_the_seats_brings_each_with_its_price(serve) -> None:
    seen = await (await serve(http(200, [SEAT, SEAT | {"seat": "A2", "sold": True}]))).seats()
    assert seen.trouble == ""
    assert {name: (seat.price_cents, seat.sold) for name, seat in seen.seats.items()} == {
        "A1": (4500, False),
        "A2": (4500, True),
    }


@pytest.mark.parametrize("answer", ODD_LISTS, ids=ODD_LISTS.values())
async def test_a_list_that_is_odd_or_cannot_be_had_says_why(serve, answer) -> None:
    seen = await (await serve(answer)).seats()
    assert seen.seats == {}
    assert ODD_LISTS[answer] in seen.trouble


HOLD = {"id": "h1", "event": "opening-night", "seat": "A1", "price_cents": 4500, "expires_at": "2026-01-02T03:04:05Z"}
ODD_HOLDS = {
    http(201, []): "201 without a hold in the body",
    http(201, HOLD | {"seat": "B2"}): "201 with 'B2' as the hold's seat, and it had asked for 'A1'",
    http(201, HOLD | {"price_cents": 0}): "201 with 0 as the hold's price_cents",
    http(201, HOLD | {"expires_at": "2026-01-02T03:04:05"}): "201 with '2026-01-02T03:04:05' as the hold's expires_at",
    http(201, HOLD | {"expires_at": 7}): "201 with 7 as the hold's expires_at",
    http(504, {}, PROBLEM): "504 (“I do not know”), which is no outcome",
    http(409, {}): "409 as no content type",
}


async def test_a_hold_is_kept_with_its_end(serve) -> None:
    buyer = await serve(http(201, HOLD))
    held = await buyer.hold("A1", buyer="ann")
    assert (held.buyer, held.hold_id, held.until, held.trouble) == ("ann", "h1", 1767323045.0, "")
    assert buyer.held == [held]
    refused = await (await serve(http(409, {}, PROBLEM))).hold("A1")
    assert (refused.status, refused.until, refused.trouble) == (409, None, "")


@pytest.mark.parametrize("answer", ODD_HOLDS, ids=ODD_HOLDS.values())
async def test_an_odd_answer_to_who_wants_a_hold_says_why(serve, answer) -> None:
    held = await (await serve(answer)).hold("A1")
    assert (held.hold_id, held.until) == (None, None)
    assert ODD_HOLDS[answer] in held.trouble


EVENT = {
    "id": "opening-night",
    "title": "Opening Night",
    "description": "All of them.",
    "starts_at": "2027-09-03T18:30:00Z",
    "venue": {"id": "hall", "name": "The Hall", "city": "Breakwater"},
    "free_seats": 197,
}
ODD_PAGES = {
    http(200, ["Opening Night"]): "200 without an event in the body",
    http(200, EVENT | {"id": "quay-concert"}): "200 with 'quay-concert' as the event's id, and it had asked",
    http(200, EVENT | {"title": ""}): "200 with '' as the event's title",
    http(200, EVENT | {"venue": "The Hall"}): "200 with None as the event's venue",
    http(200, EVENT | {"starts_at": "2027-09-03T18:30:00"}): "200 with '2027-09-03T18:30:00' as the event's starts_at",
    http(200, EVENT | {"starts_at": 7}): "200 with 7 as the event's starts_at",
    http(200, EVENT | {"free_seats": True}): "200 with True as the event's free_seats",
    http(200, EVENT | {"free_seats": -1}): "200 with -1 as the event's free_seats",
    http(200, EVENT, "Age: 3.5"): "200 with '3.5' as its Age, which is no number of whole seconds",
    http(200, EVENT, "Age: -1"): "200 with '-1' as its Age",
    http(200, EVENT, "Age:"): "200 with '' as its Age",
    http(200, EVENT, "Age: ٣"): "as its Age, which is no number of whole seconds",
    http(200, EVENT, "Age: 3", "Age: 3"): "200 with '3, 3' as its Age",
    http(200, EVENT, "Age: " + "9" * 5000): "as its Age, which is no number of whole seconds",
    http(500, {}, PROBLEM): "500, which the contract does not know for an event page",
    http(304, b""): "304",
    http(503, {}): "503 as no content type",
    b"": "nothing that can be read: Server disconnected",
}


@pytest.mark.parametrize("age", [0, 7, None])
async def test_a_page_tells_what_the_event_is_and_how_old_that_is(serve, age) -> None:
    buyer = await serve(http(200, EVENT, *([] if age is None else [f"Age: {age}"])))
    page = await buyer.page()
    assert page.description == Description("Opening Night", "The Hall", datetime(2027, 9, 3, 18, 30, tzinfo=UTC))
    assert (page.status, page.free_seats, page.age_s, page.trouble) == (200, 197, age, "")
    assert buyer.pages == [page]


@pytest.mark.parametrize("status", [404, 502, 503, 504])
async def test_a_page_may_be_refused(serve, status) -> None:
    page = await (await serve(http(status, {}, PROBLEM))).page()
    assert (page.status, page.description, page.trouble) == (status, None, "")


@pytest.mark.parametrize("answer", ODD_PAGES, ids=[text[:40] for text in ODD_PAGES.values()])
async def test_a_page_outside_the_contract_says_why(serve, answer) -> None:
    page = await (await serve(answer)).page()
    assert page.description is None
    assert ODD_PAGES[answer] in page.trouble
