"""The faults in the hands of a check and of a lesson: the same names, and all of those that there are."""

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from breakwater.checks.scene import Observed, Scene
from breakwater.checks.weather import Faults
from breakwater.engines import Exchange
from breakwater.errors import EngineTrouble, ShopDidNotStart
from breakwater.faults import Fault, known
from breakwater.faults.kill import Kill
from breakwater.faults.lose_answer import LoseAnswer
from breakwater.notebook import Shop


class Engine:
    """Keeps which faults last; one that is killed does not start again where it is told so."""

    def __init__(self, error: Exception | None = None) -> None:
        self.lasting: list[Fault] = []
        self.error = error
        self.passed = [Exchange("orders", "payments", "POST /payments", "", 1.0, 1.1, 201)]

    def trace(self) -> list[Exchange]:
        return self.passed

    @contextmanager
    def inject(self, fault: Fault) -> Iterator[None]:
        self.lasting.append(fault)
        yield
        self.lasting.remove(fault)
        if self.error:
            raise self.error


def scene_on(engine: Engine) -> Scene:
    return Scene(engine, buyer=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", known().values(), ids=known())
@pytest.mark.parametrize("where", [Faults, Shop.faults], ids=["check", "notebook"])
def test_each_fault_is_called_by_its_verb_and_its_fields(kind: type[Fault], where: object) -> None:
    parameters = [name for name in inspect.signature(getattr(where, kind.verb)).parameters if name != "self"]
    assert [name for name in parameters if name != "at_least_s"] == [field.name for field in kind.told()]


async def test_a_fault_lasts_within_its_context_and_is_kept_with_its_words() -> None:
    engine = Engine()
    scene = scene_on(engine)
    async with Faults(scene).lose_answer("orders", "payments", how="hang", count=2):
        assert engine.lasting == [LoseAnswer("orders", "payments", "hang", 2)]
        assert scene.faults[0].healed_at is None
    assert engine.lasting == []
    (window,) = scene.faults
    assert (window.began, window.healed) == (
        "the next 2 answers of payments to orders are lost",
        "answers of payments arrive again",
    )
    assert window.healed_at is not None
    assert window.began_at <= window.healed_at


async def test_a_service_that_does_not_survive_being_killed_is_observed() -> None:
    error = ShopDidNotStart("orders did not start: it was not ready. See: course shop logs orders", service="orders")
    faults = Faults(scene_on(Engine(error)))
    with pytest.raises(Observed, match=r"^after it was killed, orders did not start: it was not ready$"):
        async with faults.kill("orders"):
            pass


@pytest.mark.parametrize(
    "error",
    [
        ShopDidNotStart("orders did not start: it was not healthy within 30 s", service="orders"),
        ShopDidNotStart("orders did not start: x", service="orders", last_lines=("[Errno 98] Address already in use",)),
    ],
)
async def test_what_this_machine_kept_from_starting_is_our_trouble(error: ShopDidNotStart) -> None:
    with pytest.raises(EngineTrouble):
        async with Faults(scene_on(Engine(error))).kill("orders"):
            pass


async def test_weather_on_a_link_that_nobody_uses_is_observed() -> None:
    engine = Engine()
    engine.passed = []
    with pytest.raises(Observed, match="nothing had passed from orders to payments"):
        async with Faults(scene_on(engine)).hang("orders", "payments"):
            pass


async def test_a_lesson_names_the_weather_by_the_words_of_the_fault() -> None:
    engine = Engine()
    weather = Shop.faults.kill("orders")
    assert weather.what == "orders is dead"
    with weather.lasts(engine):  # type: ignore[arg-type]
        assert engine.lasting == [Kill("orders")]


class Restarting(Engine):
    """Takes a restart, and says when it may be over."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(error)
        self.may_end = threading.Event()
        self.restarted: list[str] = []

    def restart(self, service: str) -> None:
        self.may_end.wait(10)
        self.restarted.append(service)
        if self.error:
            raise self.error


async def test_a_restart_goes_on_beside_the_check_and_is_over_at_the_end() -> None:
    engine = Restarting()
    scene = scene_on(engine)
    async with Faults(scene).restart("pricing"):
        assert engine.restarted == []
        engine.may_end.set()
    assert engine.restarted == ["pricing"]
    assert scene.faults[0].began == "pricing was asked to end"


async def test_a_service_that_does_not_start_again_is_observed() -> None:
    error = ShopDidNotStart("pricing did not start: no such file. See: course shop logs pricing", service="pricing")
    engine = Restarting(error)
    engine.may_end.set()
    with pytest.raises(Observed, match=r"^after it was asked to end, pricing did not start: no such file$"):
        async with Faults(scene_on(engine)).restart("pricing"):
            pass
