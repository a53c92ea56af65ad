"""Requests and answers are read as they pass, however they are cut; nothing that passes can stop the reading side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.engines.sniff import Record, Sniffer

ASK = b"POST /orders HTTP/1.1\r\nHost: x\r\nX-Request-ID: abc\r\nContent-Length: 5\r\n\r\nhello"
ASK_CHUNKED = b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
ANSWER_CHUNKED = (
    b"HTTP/1.1 402 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
)


class Reader:
    """A sniffer whose clock ticks once a look."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._ticks = 0.0
        self.sniffer = Sniffer(self.records.append, self._now)

    def _now(self) -> float:
        self._ticks += 1
        return self._ticks

    def told(self) -> list[tuple[str, str, int | str | None]]:
        return [(record.request, record.request_id, record.status) for record in self.records]


@given(st.integers(1, 60), st.integers(1, 60))
def test_messages_cut_anywhere_are_read_the_same(first: int, second: int) -> None:
    reader = Reader()
    asks, answers = ASK + ASK_CHUNKED, ANSWER + ANSWER_CHUNKED
    for start in range(0, len(asks), first):
        reader.sniffer.request(asks[start : start + first])
    for start in range(0, len(answers), second):
        reader.sniffer.answer(answers[start : start + second])
    assert reader.told() == [("POST /orders", "abc", 201), ("PUT /a", "", 402)]


def test_times_are_those_of_the_heads() -> None:
    reader = Reader()
    reader.sniffer.request(ASK)
    reader.sniffer.answer(ANSWER)
    assert (reader.records[0].asked_at, reader.records[0].answered_at) == (1.0, 2.0)


def test_a_request_without_answer_has_no_status() -> None:
    reader = Reader()
    reader.sniffer.request(ASK)
    assert (reader.records[0].status, reader.records[0].answered_at) == (None, None)


def test_an_id_that_the_callee_gave_is_taken_where_the_caller_gave_none() -> None:
    reader = Reader()
    reader.sniffer.request(b"GET / HTTP/1.1\r\n\r\n")
    reader.sniffer.answer(b"HTTP/1.1 200 OK\r\nX-Request-Id: made\r\nContent-Length: 0\r\n\r\n")
    assert reader.told() == [("GET /", "made", 200)]


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    ],
)
def test_interim_answers_are_passed_over(first: bytes) -> None:
    reader = Reader()
    reader.sniffer.request(ASK)
    reader.sniffer.answer(first + ANSWER)
    assert reader.told()[0][2] == 201


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"])
def test_answers_without_body_are_followed_by_the_next(head: bytes) -> None:
    reader = Reader()
    reader.sniffer.request(ASK + ASK)
    reader.sniffer.answer(head + ANSWER)
    assert [status for _, _, status in reader.told()] == [int(head[9:12]), 201]


def test_the_answer_to_head_has_no_body() -> None:
    reader = Reader()
    reader.sniffer.request(b"HEAD / HTTP/1.1\r\n\r\n" + ASK)
    reader.sniffer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + ANSWER)
    assert [status for _, _, status in reader.told()] == [200, 201]


@pytest.mark.parametrize(
    "data", [b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"PRI * HTTP/2.0\r\n\r\nNO\r\n\r\n", b"hello\r\n\r\n"]
)
def test_what_is_not_http_is_not_read(data: bytes) -> None:
    reader = Reader()
    reader.sniffer.request(data + ASK)
    reader.sniffer.answer(ANSWER)
    assert reader.told() == []


@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=40) | st.sampled_from([ASK, ANSWER, b"\r\n\r\n", b"-5\r\n"])))
)
def test_no_bytes_make_it_fail(pieces: list[tuple[bool, bytes]]) -> None:
    reader = Reader()
    reader.sniffer.request(ASK_CHUNKED[:-5])
    for is_request, data in pieces:
        (reader.sniffer.request if is_request else reader.sniffer.answer)(data)


@pytest.mark.parametrize("length", [b"9" * 5000, b"-1", b"abc"])
def test_an_odd_length_ends_the_reading_and_nothing_else(length: bytes) -> None:
    reader = Reader()
    reader.sniffer.request(ASK)
    reader.sniffer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nxyz")
    assert reader.told()[0][2] == 200


def test_a_head_without_end_is_given_up() -> None:
    reader = Reader()
    reader.sniffer.request(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(100):
        reader.sniffer.request(b"x" * 1024)
    assert reader.sniffer.blind


def test_a_server_that_speaks_and_is_asked_nothing_is_not_kept() -> None:
    reader = Reader()
    for _ in range(100):
        reader.sniffer.answer(b"x" * 1024)
    assert reader.sniffer.blind


def test_who_leaves_before_the_answer_is_seen_to() -> None:
    reader = Reader()
    reader.sniffer.request(ASK)
    reader.sniffer.answer(ANSWER)
    reader.sniffer.request(ASK_CHUNKED)
    reader.sniffer.left()
    reader.sniffer.left()
    assert [record.left_at for record in reader.records] == [None, 4.0]


def test_who_leaves_without_a_word_is_no_trouble() -> None:
    Reader().sniffer.left()
