"""`course ledger` on a real shop: balanced books, then each kind of corruption, planted where no buyer could."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from xml.etree import ElementTree

import pytest

from breakwater import paths, told
from breakwater.buyer import DECLINED_CARD, Buyer

pytestmark = pytest.mark.shop
EVENT = "opening-night"


def course_ledger(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from breakwater.cli import main; main()", "ledger", *words]
    where = ("--shop", str(paths.BOXOFFICE), "--within", "0")
    return subprocess.run([*command, *where], env=os.environ, capture_output=True, text=True, timeout=120, check=False)


async def bought(planter, *seats: str, **options: str) -> list[str | None]:
    """Buy these seats at once, each by a buyer of its own, and keep what they were told."""
    async with Buyer(planter.engine.endpoint("gateway")) as buyer:
        answers = await asyncio.gather(*(buyer.buy(seat, **options) for seat in seats))
    with told.Recorder(told.file_of(planter.engine.spec)) as recorder:
        for answer in answers:
            recorder.answer(answer)
    return [answer.order_id for answer in answers]


async def test_the_books_of_a_sunny_day_balance(planter):
    await bought(planter, "A1", "A2")
    await bought(planter, "A2")
    await bought(planter, "A3", card=DECLINED_CARD)
    run = await asyncio.to_thread(course_ledger)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == ["✓ The books balance: 4 purchases, 2 orders, 2 captures, no breach."]


async def confirmed_without_capture(planter):
    [order_id] = await bought(planter, "B1")
    await planter.refund(order_id)
    return "each-confirmed-order-has-one-capture", order_id


async def captured_twice(planter):
    [order_id] = await bought(planter, "B2")
    await planter.capture(order_id)
    return "each-confirmed-order-has-one-capture", order_id


async def captured_another_amount(planter):
    [order_id] = await bought(planter, "B3")
    await planter.refund(order_id)
    await planter.capture(order_id, 1)
    return "each-confirmed-order-has-one-capture", order_id


async def captured_without_an_order(planter):
    order_id = str(uuid.uuid4())
    await planter.capture(order_id)
    return "no-capture-without-a-confirmed-order-or-a-refund", order_id


async def captured_for_who_was_declined(planter):
    await bought(planter, "B5", card=DECLINED_CARD)
    [(order_id,)] = await planter.sql("orders", "SELECT id::text FROM orders WHERE seat = 'B5'")
    await planter.capture(order_id)
    return "who-was-told-no-pays-nothing", order_id


async def lost(planter):
    [order_id] = await bought(planter, "B6")
    await planter.sql("orders", "DELETE FROM orders WHERE id = $1", uuid.UUID(order_id))
    return "no-acknowledged-order-is-lost", order_id


async def turned_back_to_pending(planter):
    [order_id] = await bought(planter, "B7")
    await planter.sql("orders", "UPDATE orders SET status = 'pending' WHERE id = $1", uuid.UUID(order_id))
    return "every-order-came-to-an-end", order_id


async def sold_twice(planter):
    orders = await bought(planter, "B8", "B4")
    await planter.sql("orders", "DROP INDEX IF EXISTS one_live_order_per_seat")
    await planter.sql("orders", "UPDATE orders SET seat = 'B8' WHERE seat = 'B4'")
    return "no-seat-is-sold-twice", sorted(orders)


async def of_another_amount(planter):
    [order_id] = await bought(planter, "B9")
    await planter.sql("orders", "UPDATE orders SET amount_cents = 1 WHERE id = $1", uuid.UUID(order_id))
    return "each-order-costs-what-its-seat-costs", order_id


async def listed_at_another_price(planter):
    await planter.sql("seats", "UPDATE seats SET price_cents = 1 WHERE seat = 'C1'")
    return "each-event-lists-its-seats-at-their-prices", "C1"


async def never_freed(planter):
    await bought(planter, "C2", card=DECLINED_CARD)
    if await planter.holds("holds"):
        columns, values = "id, event, seat, buyer, expires_at", "gen_random_uuid(), $1, 'C2', 'nobody', NULL"
        await planter.sql("holds", f"INSERT INTO holds ({columns}) VALUES ({values})", EVENT)
    else:
        await planter.sql("orders", "UPDATE orders SET status = 'pending' WHERE seat = 'C2'")
    return "a-seat-that-nobody-has-is-listed-as-free", "C2"


PLANTS = (
    confirmed_without_capture,
    captured_twice,
    captured_another_amount,
    captured_without_an_order,
    captured_for_who_was_declined,
    lost,
    turned_back_to_pending,
    sold_twice,
    of_another_amount,
    listed_at_another_price,
    never_freed,
)


@pytest.fixture(scope="module")
async def planted(planter) -> dict[str, tuple[str, object]]:
    """Each corruption, with the invariant that must name it, and what the breach must be about."""
    return {plant.__name__: await plant(planter) for plant in PLANTS}


@pytest.fixture(scope="module")
def judged(planted, tmp_path_factory) -> tuple[dict, Path]:
    picture = tmp_path_factory.mktemp("picture") / "breach.svg"
    run = course_ledger("--json", "--picture", str(picture))
    assert run.returncode == 1, run.stderr
    return json.loads(run.stdout), picture


@pytest.mark.parametrize("plant", [plant.__name__ for plant in PLANTS])
def test_each_planted_corruption_is_named_with_its_evidence(planted, judged, plant):
    invariant, about = planted[plant]
    found = [breach for breach in judged[0]["breaches"] if breach["invariant"] == invariant]
    abouts = [breach["seat"][1] if breach["seat"] else sorted(breach["orders"]) for breach in found]
    wanted = about if isinstance(about, list) or len(about) < 5 else [about]
    assert wanted in abouts
    breach = found[abouts.index(wanted)]
    assert breach["what"]
    assert " · " in breach["facts"]
    assert len(breach["interleaving"]) <= 12


def test_a_seat_sold_twice_shows_whose_step_each_was(judged):
    [breach] = [each for each in judged[0]["breaches"] if each["invariant"] == "no-seat-is-sold-twice"]
    texts = [event["text"] for event in breach["interleaving"]]
    for n in (1, 2):
        assert f"buyer {n} → gateway" in texts
        assert f"provider captured 4500 cents for buyer {n}" in texts
        assert f"gateway → buyer {n} (201)" in texts
        assert any(text.startswith("orders → ") and text.endswith(f"for buyer {n}") for text in texts)


def test_the_picture_is_an_svg_that_says_what_it_shows(judged):
    report, picture = judged
    root = ElementTree.parse(picture).getroot()
    assert root.tag.endswith("svg")
    first = next(breach for breach in report["breaches"] if breach["interleaving"])
    assert root.attrib["aria-label"] == first["what"]
    described = root.find("{http://www.w3.org/2000/svg}desc").text
    assert all(event["text"] in described for event in first["interleaving"])


def test_a_person_reads_the_first_breach_of_each_kind_and_how_many_there_are(judged):
    run = course_ledger()
    assert run.returncode == 1
    assert "✗ Each confirmed order has exactly one capture that stands, of its amount." in run.stdout
    assert "Interleaving" in run.stdout
    assert "× not so: No seat is sold twice." in run.stdout


def test_without_a_record_of_what_buyers_were_told_the_books_and_the_shop_are_held_together(judged, planter, tmp_path):
    file = told.file_of(planter.engine.spec)
    kept = file.rename(tmp_path / "told.jsonl")
    run = course_ledger("--json")
    text = course_ledger()
    kept.rename(file)
    names = {breach["invariant"] for breach in json.loads(run.stdout)["breaches"]}
    assert "no-seat-is-sold-twice" in names
    assert "Nobody kept what buyers were told" in text.stderr
    [twice] = [each for each in json.loads(run.stdout)["breaches"] if each["invariant"] == "no-seat-is-sold-twice"]
    assert len(twice["interleaving"]) > 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--told", "nowhere.jsonl"), "nowhere.jsonl cannot be read"),
        (("--picture", "breach.png"), "ends in .svg"),
    ],
)
def test_bad_input_is_one_line_and_status_3(planter, words, said):
    run = course_ledger(*words)
    assert run.returncode == 3
    assert said in run.stderr
    assert len(run.stderr.splitlines()) == 1
