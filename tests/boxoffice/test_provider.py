"""The card provider, by its interface: what it promises, and the weather that it can make."""

import asyncio
import signal
import time

import httpx
import pytest

from tests.boxoffice.conftest import Provider
from tests.waiting import until

PURCHASE = {"reference": "order-1", "amount_cents": 4500, "card": "4242424242424242"}
KEY = {"Idempotency-Key": "order-1"}
PATIENCE_S = 5.0


def ask(provider: Provider, timeout: float = PATIENCE_S, headers: dict[str, str] | None = None, **changed: object):
    with httpx.Client(base_url=provider.url, timeout=timeout, verify=False) as client:
        return client.post("/captures", json=PURCHASE | changed, headers=headers)


def test_without_a_key_each_request_takes_money(provider):
    first, second = ask(provider), ask(provider)
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] != second.json()["id"]
    assert len(provider.captures()) == 2


def test_the_same_key_gets_the_first_capture_again(provider):
    first, second = ask(provider, headers=KEY), ask(provider, headers=KEY)
    assert (second.status_code, second.json()) == (201, first.json())
    [capture] = provider.captures()
    assert capture["idempotency_key"] == "order-1"
    assert capture["reference"] == "order-1"


async def test_the_same_key_takes_money_once_while_the_first_request_is_in_flight(provider):
    provider.control("PUT", "/behaviour", latency_s=0.2)
    async with httpx.AsyncClient(verify=False, base_url=provider.url) as client:
        answers = await asyncio.gather(*(client.post("/captures", json=PURCHASE, headers=KEY) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(provider.captures()) == 1


def test_a_key_is_not_for_another_capture(provider):
    ask(provider, headers=KEY)
    answer = ask(provider, headers=KEY, amount_cents=9000)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(provider.captures()) == 1


def test_a_declined_card_is_not_charged(provider):
    assert ask(provider, headers=KEY, card="4000000000000002").status_code == 402
    assert provider.captures() == []


@pytest.mark.parametrize("card", ["4242", "42424242424242424242", "4242-4242-4242-4242", "", None])
def test_a_malformed_card_is_refused_and_never_quoted(provider, card):
    answer = ask(provider, card=card)
    assert answer.status_code == 422
    assert "card" in answer.json()["detail"]
    assert not card or card not in answer.text


def test_captures_are_found_by_their_reference(provider):
    made = ask(provider).json()
    ask(provider, reference="order-2")
    answer = httpx.get(provider.url + "/captures", params={"reference": "order-1"})
    assert answer.json() == [made]


def test_a_refund_is_idempotent(provider):
    capture_id = ask(provider).json()["id"]
    first, second = (httpx.post(provider.url + "/refunds", json={"capture_id": capture_id}) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert len(provider.control("GET", "/books")["refunds"]) == 1


def test_nothing_to_refund(provider):
    assert httpx.post(provider.url + "/refunds", json={"capture_id": "cap_1"}).status_code == 404


def test_an_answer_lost_by_a_reset_was_captured(provider):
    provider.control("PUT", "/behaviour", lose_answers=1)
    with pytest.raises(httpx.ReadError):
        ask(provider, headers=KEY)
    [capture] = provider.captures()
    assert ask(provider, headers=KEY).json()["id"] == capture["id"]


def test_an_answer_lost_by_silence_was_captured(provider):
    provider.control("PUT", "/behaviour", lose_answers=1, lose_how="hang")
    with pytest.raises(httpx.ReadTimeout):
        ask(provider, timeout=0.3, headers=KEY)
    [capture] = provider.captures()
    assert ask(provider, headers=KEY).json()["id"] == capture["id"]


def test_only_so_many_answers_are_lost(provider):
    provider.control("PUT", "/behaviour", lose_answers=2)
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            ask(provider, headers=KEY)
    assert ask(provider, headers=KEY).status_code == 201
    assert len(provider.captures()) == 1


def test_a_hanging_provider_goes_on_when_it_is_well_again(provider):
    provider.control("PUT", "/behaviour", hang=True)
    with pytest.raises(httpx.ReadTimeout):
        ask(provider, timeout=0.2)  # and takes its request along
    with httpx.Client(base_url=provider.url) as client, client.stream("GET", "/healthz") as health:
        assert health.status_code == 200
    assert provider.captures() == []
    provider.control("PUT", "/behaviour")
    assert ask(provider).status_code == 201
    assert len(provider.captures()) == 1


async def test_a_request_that_hangs_is_carried_out_when_the_provider_is_well_again(provider):
    provider.control("PUT", "/behaviour", hang=True)
    async with httpx.AsyncClient(verify=False, base_url=provider.url, timeout=PATIENCE_S) as client:
        waiting = asyncio.create_task(client.post("/captures", json=PURCHASE))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        provider.control("PUT", "/behaviour")
        assert (await waiting).status_code == 201


def test_what_is_worked_on_is_captured_though_the_caller_has_left(provider):
    provider.control("PUT", "/behaviour", latency_s=0.4)
    with pytest.raises(httpx.ReadTimeout):
        ask(provider, timeout=0.1)
    assert provider.captures() == []
    until(provider.captures, within_s=PATIENCE_S, what="the capture is made")


def test_latency_is_a_wait(provider):
    provider.control("PUT", "/behaviour", latency_s=0.3)
    begun = time.monotonic()
    assert ask(provider).status_code == 201
    assert time.monotonic() - begun >= 0.3


async def test_what_waits_is_worked_on_when_the_provider_is_quick_again(provider):
    provider.control("PUT", "/behaviour", latency_s=3600)
    async with httpx.AsyncClient(verify=False, base_url=provider.url, timeout=PATIENCE_S) as client:
        waiting = asyncio.create_task(client.post("/captures", json=PURCHASE))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        provider.control("PUT", "/behaviour")
        assert (await waiting).status_code == 201


def test_a_failing_provider_takes_nothing(provider):
    provider.control("PUT", "/behaviour", fail=1.0)
    assert ask(provider).status_code == 503
    assert provider.captures() == []


def test_a_behaviour_is_whole_or_refused(provider):
    for odd in ({"latency": 1}, {"fail": 2}, {"lose_how": "gently"}, {"latency_s": -1}):
        with pytest.raises(httpx.HTTPStatusError, match="422"):
            provider.control("PUT", "/behaviour", **odd)


def test_a_reset_forgets_the_requests_that_wait(provider):
    """Else a request of one check would be captured in the next one's books."""
    provider.control("PUT", "/behaviour", latency_s=0.3)
    with pytest.raises(httpx.ReadTimeout):
        ask(provider, timeout=0.1)
    provider.control("POST", "/reset")
    provider.control("PUT", "/behaviour", latency_s=0.4)
    assert ask(provider, reference="order-2").status_code == 201  # by now, the first has woken up too
    assert [capture["reference"] for capture in provider.captures()] == ["order-2"]
    assert "traceback" not in provider.log.read_text()


def test_the_controls_are_not_on_the_public_side(provider):
    assert httpx.get(provider.url + "/books").status_code == 404
    assert httpx.post(provider.url + "/reset").status_code == 404
    socket = provider.folder / "control.sock"
    assert socket.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_books_survive_a_restart(provider, how):
    first = ask(provider, headers=KEY).json()
    provider.stop(how)
    provider.start()
    assert ask(provider, headers=KEY).json() == first
    assert len(provider.captures()) == 1


async def test_a_provider_that_hangs_still_ends(provider):
    provider.control("PUT", "/behaviour", hang=True)
    async with httpx.AsyncClient(verify=False, base_url=provider.url, timeout=PATIENCE_S) as client:
        waiting = asyncio.create_task(client.post("/captures", json=PURCHASE))
        await asyncio.wait([waiting], timeout=0.2)
        begun = time.monotonic()
        provider.stop()
        assert time.monotonic() - begun < PATIENCE_S
        await asyncio.wait([waiting])
        assert waiting.exception() or waiting.result().status_code == 500
    provider.start()
