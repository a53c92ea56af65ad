"""The check `visitors` of lab 09 on modelled arrivals: chance fails no right ones, and each wrong step is told."""

import importlib.util
import random
from collections.abc import Callable
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.instrumented import Arrival
from breakwater.checks.measure import Measure
from breakwater.checks.scene import Observed, Scene
from breakwater.checks.visitors import Arrivals

FILE = paths.LABS / "09-resilience" / "checks" / "test_visitors.py"
SEATS = "/events/opening-night/seats"
Steps = list[Arrival]


class Marks:
    """In place of `pytest.mark`: the marks of a check are the judge's, and this pytest does not know them."""

    def __getattr__(self, name: str) -> Callable[..., Callable[[Any], Any]]:
        return lambda *args, **kwargs: lambda function: function


@pytest.fixture(scope="module")
def lab() -> Any:
    spec = importlib.util.spec_from_file_location("lab_09_visitors", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest, "mark", Marks())
        spec.loader.exec_module(module)
    return module


def step(number: int, at_s: float, method: str, path: str, asked: Any, status: int, told: Any) -> Arrival:
    return Arrival(f"v{number}", method, path, asked, at_s, status, told, at_s + 0.003)


def visit(
    number: int,
    came_s: float,
    draw: random.Random,
    *,
    think: Callable[[], float] | None = None,
    stays: bool | None = None,
) -> Steps:
    """A visit as the guide describes it."""
    think = think or (lambda: draw.uniform(0.5, 1.5))
    seats = [{"seat": seat, "sold": seat == "A1"} for seat in ("A1", "A2", "A3")]
    steps = [step(number, came_s, "GET", SEATS, None, 200, seats)]
    if draw.random() < 1 / 3 if stays is None else not stays:
        return steps
    wish = {"event": "opening-night", "seat": "A2", "buyer": f"buyer-{number}"}
    came_s = steps[-1].answered_s + think()
    if draw.random() < 0.05 and stays is None:
        return [*steps, step(number, came_s, "POST", "/holds", wish, 409, {"title": "gone"})]
    steps.append(step(number, came_s, "POST", "/holds", wish, 201, {"id": "h1"}))
    order = wish | {"hold": "h1", "card": "4242424242424242"}
    steps.append(step(number, steps[-1].answered_s + think(), "POST", "/orders", order, 201, {"id": "o1"}))
    return steps


def opening(lab: Any, draw: random.Random, **how: Any) -> Steps:
    """Everybody's visits: each at its moment, or all of a second at its begin, as a shape of Locust's has them."""
    early_s = draw.choice((0.0, 1.0))
    moments = [moment - (moment % 1) * early_s for moment in lab.COMES_S]
    return [each for number, moment in enumerate(moments) for each in visit(number, moment, draw, **how)]


async def judged(lab: Any, steps: Steps) -> str:
    """What the check says of these arrivals; empty if it passes."""

    async def visitors(file: str, *, users: int, seconds: float) -> Arrivals:
        return Arrivals(tuple(sorted(steps, key=lambda each: each.asked_s)), seconds)

    try:
        await lab.test_visitors(visitors, Measure(Scene(None, None)))  # type: ignore[arg-type]
    except AssertionError as error:
        return str(error)
    return ""


async def test_chance_fails_no_right_file(lab) -> None:
    draw = random.Random(1)
    assert [said for _ in range(300) if (said := await judged(lab, opening(lab, draw)))] == []


WHOLE: dict[str, tuple[Callable[[Any, random.Random], Steps], str]] = {
    "constant": (
        lambda lab, draw: opening(lab, draw, think=lambda: 1.0),
        "forty-fifth are 0.00 s apart",
    ),
    "hurried": (lambda lab, draw: opening(lab, draw, think=lambda: 0.0), "a visitor thought for 0.00 s"),
    "slow": (lambda lab, draw: opening(lab, draw, think=lambda: draw.uniform(1, 2)), "visitors thought for 1."),
    "nobody-leaves": (lambda lab, draw: opening(lab, draw, stays=True), "0 of 41 visitors left"),
    "all-leave": (lambda lab, draw: opening(lab, draw, stays=False), "all visitors together thought 0 times"),
    "half": (lambda lab, draw: [each for each in opening(lab, draw) if int(each.visitor[1:]) % 2], "20 visitors came"),
    "at-once": (
        lambda lab, draw: [each for number in range(41) for each in visit(number, 0.0, draw)],
        "the crowd came within 0.0 s",
    ),
    "one-rate": (
        lambda lab, draw: [each for number in range(41) for each in visit(number, number / 5.2, draw)],
        "visitor 6 was to come after 5.0 s and came after 1.0 s",
    ),
}


@pytest.mark.parametrize("wrong", WHOLE)
async def test_arrivals_that_are_off_are_told_with_numbers(lab, wrong) -> None:
    make, said = WHOLE[wrong]
    assert said in await judged(lab, make(lab, random.Random(2)))


def altered(steps: Steps, number: int, **changes: Any) -> Steps:
    fields = {**steps[number].__dict__, **changes}
    return [*steps[:number], Arrival(**fields), *steps[number + 1 :]]


def asked(steps: Steps, number: int, **changes: Any) -> Steps:
    return altered(steps, number, asked=steps[number].asked | changes)


STEPS: dict[str, tuple[Callable[[Steps], Steps], str]] = {
    "no-look": (lambda v: v[1:], "began with POST /holds, not with a look at the seats"),
    "other-page": (lambda v: altered(v, 0, path="/events"), "began with GET /events"),
    "looks-twice": (lambda v: [v[0], *v], "looked at the seats a second time"),
    "no-hold": (lambda v: [v[0], v[2]], "asked to buy a seat that it did not hold"),
    "something-else": (lambda v: altered(v, 1, path="/x"), "asked for POST /x, which is no part of a visit"),
    "taken": (lambda v: asked(v, 1, seat="A1"), "asked to hold A1, which was not free on the list"),
    "no-seat": (lambda v: altered(v, 1, asked=None), "asked to hold no seat"),
    "bad-hold": (lambda v: altered(v, 1, status=422, told={"title": "no body"}), "was told 422"),
    "stays-after-409": (lambda v: altered(v, 1, status=409), "did not leave when it was told that somebody else"),
    "never-buys": (lambda v: v[:2], "held A2 and did not buy it"),
    "other-after-hold": (lambda v: altered(v, 2, path="/holds"), "asked for POST /holds when it held a seat"),
    "other-seat": (lambda v: asked(v, 2, seat="A3"), "bought with A3 as the seat; its hold has A2"),
    "other-buyer": (lambda v: asked(v, 2, buyer="bob"), "bought with bob as the buyer"),
    "hold-left-out": (lambda v: asked(v, 2, hold=None), "bought with nothing as the hold; its hold has h1"),
    "no-body": (lambda v: altered(v, 2, asked="x"), "bought with nothing as the event"),
    "bad-card": (lambda v: altered(v, 2, status=422, told={"title": "a card"}), "was told 422 when it bought"),
    "stays": (lambda v: [*v, v[0]], "did not leave when it had bought"),
}


@pytest.mark.parametrize("wrong", STEPS)
async def test_a_visit_with_a_wrong_step_is_told(lab, wrong) -> None:
    change, said = STEPS[wrong]
    steps = [
        each if order == 0 else Arrival(**{**each.__dict__, "asked_s": order * 1.0, "answered_s": order * 1.0})
        for order, each in enumerate(change(visit(0, 0.0, random.Random(3), stays=True)))
    ]
    with pytest.raises(Observed) as error:
        lab.keep_to_the_order(Arrivals(tuple(steps), 12.0).visits[0], 12.0)
    assert said in str(error.value)
    assert error.value.evidence[0].startswith("visitor 1: 0.00 s ")  # type: ignore[attr-defined]
