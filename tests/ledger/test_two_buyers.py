"""Two buyers of one seat: the interleaving of check-then-act can be read, step by step, and for whom each was."""

import asyncio
import re
from xml.etree import ElementTree

import pytest
from designs import sells_what_looked_free
from model import ModelEngine

from breakwater import ledger
from breakwater.buyer import Buyer
from breakwater.engines import Exchange
from breakwater.ledger import Breach, Case, FaultWindow, diagram
from breakwater.ledger.interleaving import LONGEST
from tests.ledger.test_ledger import INVARIANTS, sell_the_seat_again, tell

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
async def oversold() -> Breach:
    with ModelEngine(sells_what_looked_free) as engine:
        async with Buyer(engine.endpoint("gateway")) as buyer:
            answers = await asyncio.gather(buyer.buy("A1", buyer="ann"), buyer.buy("A1", buyer="bob"))
            assert [each.status for each in answers] == [201, 201]
            [breach] = await ledger.Ledger(engine, buyer, INVARIANTS).breaches()
    return breach


def test_a_race_for_a_seat_ends_in_a_breach_that_shows_who_looked_before_whom(oversold):
    assert oversold.what == "seat A1 of opening-night is sold 2 times"
    assert len(oversold.events) <= LONGEST
    texts = [event.text for event in oversold.events]
    looked = [texts.index(f"orders → inventory GET /seats/A1 for buyer {n}") for n in (1, 2)]
    sold = [texts.index(f"orders → inventory POST /seats/A1/sale for buyer {n}") for n in (1, 2)]
    assert max(looked) < min(sold)
    for n in (1, 2):
        assert f"provider captured 4500 cents for buyer {n}" in texts
        assert f"gateway → buyer {n} (201)" in texts


def test_each_step_says_for_whom_it_was(oversold):
    assert all(re.search(r"buyer [12]\b", event.text) for event in oversold.events)


def test_the_diagram_draws_every_step_between_the_columns_that_it_names(oversold):
    root = ElementTree.fromstring(diagram.svg(oversold.events, oversold.what))
    columns = {text.text: text.attrib["x"] for text in root.iter(f"{SVG}text") if "name" in text.attrib["class"]}
    assert list(columns) == ["buyer 1", "buyer 2", "gateway", "orders", "inventory", "provider"]
    arrows = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}line") is not None]
    said = [event for event in oversold.events if event.target]
    assert [arrow.find(f"{SVG}line").attrib["x1"] for arrow in arrows] == [columns[event.source] for event in said]
    assert {arrow.attrib["class"] for arrow in arrows} == {"one", "two"}


def test_a_picture_keeps_every_label_inside_and_names_are_not_markup():
    record = sell_the_seat_again(tell(99, "sold"))
    long = Exchange("orders", "<i>&", "GET /" + "x" * 300, "r99", 199.01, 199.02, 200)
    fault = FaultWindow("a" * 90, "healed", 199.001)
    [breach, *_] = ledger.judge(Case(record, [long], [fault]), INVARIANTS)
    root = ElementTree.fromstring(diagram.svg(breach.events, "<&>"))
    width = float(root.attrib["width"])
    for text in root.iter(f"{SVG}text"):
        half = len(text.text) * diagram.LETTER / 2 if text.attrib.get("text-anchor") == "middle" else 0
        assert half - 1 <= float(text.attrib["x"]) <= width - half + 1, text.text


def test_what_carried_the_purchase_or_the_money_goes_first_where_there_is_too_much():
    record = sell_the_seat_again(tell(99, "sold"))
    chatter = [
        Exchange(caller, callee, "POST /x", rid, at + 0.01, at + 0.09, 201)
        for rid, at in (("r99", 199.0), ("r98", 198.0))
        for caller, callee in (("gateway", "orders"), ("orders", "payments"), ("payments", "provider"))
    ]
    looks = [
        Exchange("orders", "inventory", f"GET /{n}", "r99", 199 + n / 1000, 199 + n / 900, 200) for n in range(1, 5)
    ]
    [breach] = ledger.judge(Case(record, [*chatter, *looks]), INVARIANTS)
    assert len(breach.events) == LONGEST
    assert sum("inventory" in (event.source, event.target) for event in breach.events) == 6
