"""Event pages in the hands of a check: an honest Age is believed, however it is rounded; one too young is not."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.buyer import Answer, Buyer, Description, PageSeen
from breakwater.checks.evidence import explain
from breakwater.checks.measure import Measure
from breakwater.checks.pages import SHORT_S, Pages, is_good, short_by_s
from breakwater.checks.scene import Observed, Scene
from breakwater.engines import Exchange
from breakwater.ledger.interleaving import FaultWindow

OPENING = Description("Opening Night", "The Hall", datetime(2027, 9, 3, 18, 30, tzinfo=UTC))
NOW = 1_000.0


def page(age_s: int | None = None, *, status: int = 200, asked_at: float = NOW, elapsed_s: float = 0.01) -> PageSeen:
    seen = PageSeen("opening-night", "look-1", asked_at, elapsed_s, status)
    return replace(seen, description=OPENING, free_seats=3, age_s=age_s) if status == 200 else seen


def said(answered_at: float | None, status: int | str | None = 200, path: str = "/events/opening-night") -> Exchange:
    return Exchange("gateway", "catalog", f"GET {path}", "look-0", (answered_at or NOW) - 0.01, answered_at, status)


@dataclass
class Engine:
    """Has seen these exchanges."""

    exchanges: list[Exchange] = field(default_factory=list)

    def trace(self) -> list[Exchange]:
        return self.exchanges


def pages_of(*exchanges: Exchange) -> Pages:
    scene = Scene(Engine(list(exchanges)), Buyer("http://127.0.0.1:9"))  # type: ignore[arg-type]
    return Pages(scene, Measure(scene))


SECONDS = st.floats(0, 100)
ROUNDING = st.sampled_from([lambda s: int(s), lambda s: round(s), lambda s: int(s) + 1])


@given(SECONDS, st.floats(0, 0.5), st.floats(0, 5), ROUNDING, st.lists(SECONDS))
def test_an_honest_age_is_never_too_short(held_s, way_s, took_s, rounded, earlier) -> None:
    """What the catalog gave is read `way_s` later; the page is asked for `held_s` after that, and takes `took_s`."""
    given_at = NOW - held_s - way_s
    good = [said(given_at), *(said(given_at - each) for each in earlier)]
    assert short_by_s(page(rounded(held_s), elapsed_s=took_s), good) <= SHORT_S


@given(SECONDS, st.integers(0, 100), st.lists(SECONDS))
def test_what_the_catalog_said_last_is_what_a_page_cannot_be_younger_than(since_s, age_s, earlier) -> None:
    last = [said(NOW - since_s), *(said(NOW - since_s - each) for each in earlier)]
    assert short_by_s(page(age_s), last) == pytest.approx(since_s - age_s)


def test_any_good_answer_of_the_catalog_to_the_gateway_counts_and_no_other() -> None:
    assert is_good(said(NOW, path="/events?q=&limit=200"))
    assert is_good(said(NOW, 304))
    for exchange in (said(None, None), said(NOW, 404), said(NOW, 503), replace(said(NOW), caller="orders")):
        assert not is_good(exchange)


async def trouble(pages: Pages, *seen: PageSeen) -> str:
    with pytest.raises(Observed) as error:
        await pages.hold(seen, when="with the catalog dead", within_s=2.5)
    return str(error.value)


async def test_a_page_that_keeps_its_promises_is_kept_with_its_margins() -> None:
    pages = pages_of(said(NOW - 7.4))
    await pages.hold([page(7), page(8)], when="with the catalog dead", within_s=2.5)
    kept = {m.what: (round(m.value, 3), m.bound, m.floor) for m in pages._scene.measurements}
    assert kept == {"longest wait of a visitor": (0.01, 2.5, 0.0), "Age short by": (0.4, 1.5, 1.0)}


async def test_a_page_that_claims_to_be_younger_than_it_can_be_is_observed() -> None:
    last = said(NOW - 3.4)
    pages = pages_of(said(NOW - 9), last, said(None, None))
    assert await trouble(pages, page()) == (
        "with the catalog dead, the page of opening-night said that its description was of now (no Age), "
        "and the catalog had last answered 3.4 s ago"
    )
    assert "was 1 s old, and the catalog had last answered 3.4 s ago" in await trouble(pages, page(3), page(1))


async def test_a_page_that_is_older_than_the_shop_is_observed() -> None:
    assert "was 600 s old, and the catalog had first answered 8.0 s ago" in await trouble(
        pages_of(said(NOW - 8), said(NOW - 1)), page(600)
    )


async def test_a_page_without_any_answer_of_the_catalog_is_observed() -> None:
    assert (await trouble(pages_of(said(None, None)), page())).endswith("and the catalog had not answered anything")


async def test_a_page_that_does_not_come_or_shows_something_else_is_observed() -> None:
    pages = pages_of(said(NOW))
    await pages.hold([page()], when="before", within_s=2.5)
    late = "with the catalog dead, a visitor waited 3.0 s for an answer (allowed: 2.5 s)"
    assert await trouble(pages, page(elapsed_s=3.0)) == late
    refused = "with the catalog dead, a visitor to the page of opening-night was told 502"
    assert await trouble(pages, page(status=502)) == refused
    other = replace(page(), description=replace(OPENING, title="To be announced"))
    assert "showed “To be announced”, The Hall, 2027-09-03T18:30:00+00:00, and before “Opening Night”" in await trouble(
        pages, other
    )


def evidence(error: Observed, exchanges: Sequence[Exchange], faults: Sequence[FaultWindow] = ()) -> tuple[str, str]:
    scene = Scene(Engine(list(exchanges)), Buyer("http://127.0.0.1:9"), list(faults))  # type: ignore[arg-type]
    why, (line,) = explain(error, scene)
    return why, line


async def test_the_evidence_of_a_page_is_what_passed_for_it() -> None:
    door = Exchange("buyer", "gateway", "GET /events/opening-night", "look-1", NOW, NOW + 0.02, 502)
    asked = Exchange("gateway", "catalog", "GET /events/opening-night", "look-1", NOW + 0.02, None, None)
    other = Exchange("gateway", "catalog", "GET /events/evening-1", "look-2", NOW + 0.01, None, None)
    error = Observed("…", about=page(status=502, elapsed_s=5.0))
    why, line = evidence(error, [door, asked, other], [FaultWindow("catalog is killed", "…", NOW + 0.01)])
    assert line == (
        "visitor → gateway 0.00 s · catalog is killed 0.01 s · "
        "gateway → catalog 0.02 s · gateway → visitor (502) 5.00 s"
    )
    assert why.startswith("gateway waited 5.0 s for catalog")


async def test_the_evidence_of_a_claim_shows_when_the_catalog_last_answered() -> None:
    last = said(NOW - 3.4)
    with pytest.raises(Observed) as error:
        await pages_of(last).hold([page()], when="with the catalog dead")
    _, line = evidence(error.value, [last])
    assert line.startswith("gateway → catalog -3.41 s · catalog → gateway (200) -3.40 s · visitor → gateway 0.00 s")


def answer(request_id: str, at: float) -> Answer:
    return Answer("ann", "quay-concert", "A1", "4242", request_id, at, 0.1, 202)


async def test_every_request_on_the_link_counts_for_the_purchases_of_the_trouble() -> None:
    def asked(request_id: str, at: float) -> Exchange:
        return Exchange("orders", "payments", "POST /payments", request_id, at, None, None)

    paid = [asked("r1", 10.1), asked("r1", 11.0), asked("", 12.0), asked("r2", 13.5), asked("r3", 14.1), asked("r0", 9)]
    elsewhere = Exchange("payments", "provider", "POST /captures", "r1", 10.2, 10.3, 201)
    scene = Scene(Engine([*paid, elsewhere]), Buyer("http://127.0.0.1:9"))  # type: ignore[arg-type]
    scene.faults.append(FaultWindow("answers are lost", "…", 10.0, 13.0))
    scene.buyer.told += [answer("r0", 9.9), answer("r1", 10.05), answer("r2", 13.4), answer("r3", 14.05)]
    measure = Measure(scene)
    await measure.requests_a_purchase("orders", "payments", 2.5, after_s=1.0)
    with pytest.raises(Observed, match=r"asked payments 2.0 times for each purchase \(4 requests for 2 purch") as error:
        await measure.requests_a_purchase("orders", "payments", 1.5, after_s=1.0)
    assert error.value.about == answer("r1", 10.05)
    assert [(m.value, m.bound, m.floor) for m in scene.measurements] == [(2.0, 2.5, 1.0), (2.0, 1.5, 1.0)]


def test_a_quantity_can_be_held_from_below() -> None:
    scene = Scene(Engine(), Buyer("http://127.0.0.1:9"))  # type: ignore[arg-type]
    Measure(scene).at_least("sold", 25.0, 25.0, unit="%")
    with pytest.raises(Observed, match=r"^sold: 24.0 % \(needed: 25.0 %\)$"):
        Measure(scene).at_least("sold", 24.0, 25.0, unit="%")
