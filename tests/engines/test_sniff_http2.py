"""HTTP/2 and gRPC are read as they pass, however they are cut; nothing that passes can stop the reading side."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st

from breakwater.engines.sniff import Record, Sniffer
from breakwater.engines.sniff_http2 import PREFACE

HOLD = "/boxoffice.inventory.v1.Inventory/Hold"
GRPC = ("content-type", "application/grpc")
Told = list[tuple[str, str, int | str | None]]
Piece = tuple[bool, bytes]  # whether the caller said it, and what


class Talk:
    """Two ends of a connection, made by a real implementation: what they say, in order, is in `said`."""

    def __init__(self, table: int = 4096) -> None:
        self.caller = H2Connection()
        self.callee = H2Connection(H2Configuration(client_side=False))
        self.said: list[Piece] = []
        self.caller.initiate_connection()
        self.callee.initiate_connection()
        self.callee.update_settings({SettingCodes.HEADER_TABLE_SIZE: table})
        self.pass_on()

    def pass_on(self) -> None:
        for _ in range(3):
            for says, hears in ((self.caller, self.callee), (self.callee, self.caller)):
                if data := says.data_to_send():
                    self.said.append((says is self.caller, data))
                    hears.receive_data(data)

    def ask(self, stream: int, path: str = HOLD, request_id: str = "abc", body: bytes = b"\0" * 5) -> None:
        head = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", path), GRPC]
        self.caller.send_headers(stream, [*head, ("x-request-id", request_id)])
        self.caller.send_data(stream, body, end_stream=True)
        self.pass_on()

    def answer(self, stream: int, code: int, body: bytes = b"") -> None:
        """As gRPC does: a head, messages, trailers; or all in the head where there is no message."""
        status = ("grpc-status", str(code))
        if not body:
            self.callee.send_headers(stream, [(":status", "200"), GRPC, status], end_stream=True)
        else:
            self.callee.send_headers(stream, [(":status", "200"), GRPC])
            self.callee.send_data(stream, body)
            self.callee.send_headers(stream, [status], end_stream=True)
        self.pass_on()


class Listener:
    """A sniffer whose clock ticks once a look."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        ticks = itertools.count(1)
        self.sniffer = Sniffer(self.records.append, lambda: float(next(ticks)))

    def hear(self, said: Sequence[Piece]) -> "Listener":
        for is_request, data in said:
            (self.sniffer.request if is_request else self.sniffer.answer)(data)
        return self

    def told(self) -> Told:
        return [(record.request, record.request_id, record.status) for record in self.records]


def talk() -> list[Piece]:
    """Three calls, the second begun before the first is answered, and repeated headers that HPACK abbreviates."""
    talk = Talk()
    talk.ask(1, body=b"x" * 3000)
    talk.ask(3, request_id="def")
    talk.answer(3, 6)
    talk.answer(1, 0, body=b"y" * 3000)
    talk.ask(5, "/grpc.health.v1.Health/Check", "ghi")
    talk.answer(5, 0, body=b"z")
    return talk.said


TALK = talk()
HEARD: Told = [
    (f"POST {HOLD}", "abc", "OK"),
    (f"POST {HOLD}", "def", "ALREADY_EXISTS"),
    ("POST /grpc.health.v1.Health/Check", "ghi", "OK"),
]


def cut(said: Sequence[Piece], sizes: Iterator[int]) -> list[Piece]:
    pieces = []
    for is_request, data in said:
        while data:
            size = next(sizes)
            pieces.append((is_request, data[:size]))
            data = data[size:]
    return pieces


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_calls_cut_anywhere_are_read_the_same(sizes: list[int]) -> None:
    assert Listener().hear(cut(TALK, itertools.cycle(sizes))).told() == HEARD


def test_a_server_may_be_the_first_to_speak() -> None:
    first = next(piece for piece in TALK if not piece[0])
    said = [first, *(piece for piece in TALK if piece is not first)]
    assert Listener().hear(said).told() == HEARD


def test_a_call_is_answered_when_its_outcome_is_told() -> None:
    talk = Talk()
    talk.ask(1)
    talk.callee.send_headers(1, [(":status", "200"), GRPC])
    talk.pass_on()
    listener = Listener().hear(talk.said)
    record = listener.records[0]
    assert (record.asked_at, record.answered_at, record.status) == (1, None, None)
    begun = len(talk.said)
    talk.callee.send_headers(1, [("grpc-status", "9")], end_stream=True)
    talk.pass_on()
    listener.hear(talk.said[begun:])
    assert (record.answered_at, record.status) == (2, "FAILED_PRECONDITION")


def test_a_call_that_was_given_up_has_no_answer_and_those_after_it_have() -> None:
    talk = Talk()
    talk.ask(1)
    talk.caller.reset_stream(1)
    talk.pass_on()
    talk.ask(3)
    talk.answer(3, 0, b"ok")
    listener = Listener().hear(talk.said)
    assert [status for _, _, status in listener.told()] == [None, "OK"]
    given_up, answered = listener.records
    assert given_up.left_at == given_up.asked_at + 1
    assert answered.left_at is None


def test_a_call_that_the_callee_refused_was_not_given_up_by_its_caller() -> None:
    talk = Talk()
    talk.ask(1)
    talk.callee.reset_stream(1)
    talk.pass_on()
    talk.ask(3)
    listener = Listener().hear(talk.said)
    listener.sniffer.left()
    refused, open_still = listener.records
    assert (refused.left_at, refused.status) == (None, None)
    assert open_still.left_at is not None


def test_an_answer_of_plain_http_2_has_its_number() -> None:
    talk = Talk()
    talk.ask(1)
    talk.callee.send_headers(1, [(":status", "103")])
    talk.callee.send_headers(1, [(":status", "404"), ("content-type", "text/plain")], end_stream=True)
    talk.pass_on()
    assert [status for _, _, status in Listener().hear(talk.said).told()] == [404]


@pytest.mark.parametrize("table", [0, 100, 16 * 1024])
def test_whatever_table_of_headers_the_two_agree_on(table: int) -> None:
    talk = Talk(table)
    for stream in range(1, 41, 2):
        talk.ask(stream, request_id=f"{stream:050}")
        talk.answer(stream, 0)
    assert Listener().hear(talk.said).told() == [(f"POST {HOLD}", f"{n:050}", "OK") for n in range(1, 41, 2)]


def test_headers_over_several_frames_are_one_block() -> None:
    talk = Talk()
    talk.ask(1, path="/" + "p" * 20_000)
    talk.answer(1, 0)
    [(request, _, status)] = Listener().hear(talk.said).told()
    assert (len(request), status) == (200, "OK")


@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=40) | st.sampled_from([data for _, data in TALK]))),
    st.booleans(),
)
def test_no_bytes_make_it_fail(pieces: list[Piece], greeted: bool) -> None:
    Listener().hear([(True, PREFACE if greeted else PREFACE[:14]), *pieces])


def test_what_is_too_much_is_given_up() -> None:
    too_large = (40_000).to_bytes(3, "big") + b"\1\4\0\0\0\1"
    continued = b"\x00\x40\x00\x09\x00\x00\x00\x00\x01" + bytes(0x4000)
    begun = b"\x00\x00\x00\x01\x00\x00\x00\x00\x01"
    for said in (too_large, begun + 3 * continued):
        listener = Listener().hear([(True, PREFACE + said)])
        assert listener.sniffer.blind


def test_more_open_calls_than_anybody_needs_are_given_up() -> None:
    talk = Talk()
    head = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", HOLD)]
    blocks = [talk.caller.encoder.encode(head) for _ in range(1001)]
    frames = [
        len(block).to_bytes(3, "big") + b"\1\5" + (2 * n + 1).to_bytes(4, "big") + block
        for n, block in enumerate(blocks)
    ]
    listener = Listener().hear([(True, PREFACE + b"".join(frames))])
    assert len(listener.records) == 1000
    assert listener.sniffer.blind
