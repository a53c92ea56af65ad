"""Which checks run, in which order, on what: and what is told where the shop, or a check, cannot run at all."""

import designs
import pytest
from model import ModelEngine

from breakwater import paths
from breakwater.checks import plugin
from breakwater.checks.verdict import Verdict
from breakwater.engines import ServiceStatus
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart


def test_checks_run_in_an_order_drawn_from_the_seed_each_after_those_it_needs(judge) -> None:
    text = (
        "".join(
            f'''
        @pytest.mark.check("c{n}", needs="c8")
        async def test_{n}():
            """It holds."""
        '''
            for n in range(8)
        )
        + '''
        @pytest.mark.check("c8")
        async def test_8():
            """It holds."""
        '''
    )
    orders = [list(judge(text, seed=seed)) for seed in ("a", "a", "b")]
    assert orders[0] == orders[1] != orders[2]
    assert [order.index("c8") for order in orders] == [1, 1, 1]  # after `starts`


def test_checks_that_take_long_come_first_the_longest_of_them_at_once(judge) -> None:
    text = "".join(
        f'''
        @pytest.mark.check("c{n}", takes_s={takes_s})
        async def test_{n}():
            """It holds."""
        '''
        for n, takes_s in enumerate((0, 2, 9, 0))
    )
    for seed in "abc":
        assert list(judge(text, seed=seed))[:3] == ["starts", "c2", "c1"]


SHORT_LONG_AND_VISITORS = "".join(
    f'''
        @pytest.mark.check("{name}", {how})
        async def test_{name}():
            """It holds."""
    '''
    for name, how in {"short": "", "long": "takes_s=9", "visitors": 'looks_at="visitors"'}.items()
)


def test_what_failed_before_comes_first(judge) -> None:
    for seed in "abc":
        assert list(judge(SHORT_LONG_AND_VISITORS, seed=seed, first=("short",)))[:3] == ["starts", "short", "long"]


@pytest.mark.parametrize(
    ("edited", "runs"),
    [
        ((), {"short", "long", "visitors"}),
        (("orders",), {"short", "long"}),
        (("visitors",), {"visitors"}),
        (("visitors", "compose.yaml"), {"short", "long", "visitors"}),
    ],
)
def test_an_edit_touches_the_checks_that_look_there(judge, edited, runs) -> None:
    assert set(judge(SHORT_LONG_AND_VISITORS, edited=edited)) == {"starts"} | runs


def test_a_check_that_needs_a_failed_one_fails_and_says_so(judge) -> None:
    checks = judge('''
        @pytest.mark.check("first")
        async def test_first():
            """It holds."""
            assert False, "it does not hold"

        @pytest.mark.check("second", needs=("first",))
        async def test_second():
            """It holds, too."""

        @pytest.mark.check("odd")
        async def test_odd():
            """It holds."""
            raise ValueError

        @pytest.mark.check("even", needs=("odd",))
        async def test_even():
            """It holds, too."""
    ''')
    assert (checks["second"].verdict, checks["second"].message) == (Verdict.FAILED, "needs: first")
    assert (checks["even"].verdict, checks["even"].message) == (Verdict.UNKNOWN, "needs: odd")


class NoStart(ModelEngine):
    def __init__(self, error: Exception) -> None:
        super().__init__(designs.naive)
        self.error = error
        self.ups = 0

    def up(self) -> list[ServiceStatus]:
        self.ups += 1
        raise self.error


ONE = '''
    async def test_one(shop):
        """It sells."""
'''


def test_a_shop_that_does_not_start_is_one_red_line_and_the_rest_needs_it(judge) -> None:
    error = ShopDidNotStart("orders ended at once: app/main.py, line 3: NameError", service="orders", last_lines=("x",))
    checks = judge(ONE, engine=NoStart(error))
    assert (checks["starts"].verdict, checks["starts"].evidence) == (Verdict.FAILED, ("x",))
    assert "line 3: NameError" in checks["starts"].message
    assert (checks["one"].verdict, checks["one"].message) == (Verdict.FAILED, "needs: starts")


@pytest.mark.parametrize(("long_s", "ups"), [(0.0, 2), (60.0, 1)])
def test_who_took_long_not_to_start_is_started_again(judge, monkeypatch, long_s, ups) -> None:
    """Slowness may be the machine's; who ends at once ends at once again."""
    monkeypatch.setattr(plugin, "LONG_S", long_s)
    engine = NoStart(ShopDidNotStart("orders was not healthy within 30 s.", service="orders"))
    assert judge(ONE, engine=engine)["starts"].verdict is Verdict.FAILED
    assert engine.ups == ups


def test_an_engine_in_trouble_leaves_all_unknown(judge) -> None:
    checks = judge(ONE, engine=NoStart(EngineTrouble("No space left on the device.")))
    assert {check.verdict for check in checks.values()} == {Verdict.UNKNOWN}
    assert "No space left" in checks["one"].message


def test_a_broken_description_is_bad_input(judge) -> None:
    with pytest.raises(BadInput, match=r"compose.yaml, line 3"):
        judge(ONE, engine=NoStart(BadInput("compose.yaml, line 3: not YAML.")))


@pytest.mark.parametrize("broken", ["provider", "reset"])
def test_an_engine_that_fails_during_a_check_leaves_it_unknown(judge, broken) -> None:
    engine = ModelEngine(designs.naive, broken=broken)
    check = judge(
        '''
        async def test_other():
            """It holds."""

        @pytest.mark.check("one", needs="other")
        async def test_one(shop):
            """It sells."""
            await shop.buy()
            assert False, "it did not sell"
    ''',
        engine=engine,
    )["one"]
    assert check.verdict is Verdict.UNKNOWN, check.message


def test_a_check_that_is_no_python_is_bad_input_in_one_line(judge) -> None:
    with pytest.raises(BadInput) as error:
        judge("def test_x(:\n")
    assert "test_public.py, line 3: invalid syntax" in str(error.value)
    assert "\n" not in str(error.value)


def test_one_check_can_be_chosen_and_a_wrong_name_gets_the_nearest(judge) -> None:
    text = '''
        @pytest.mark.check("slow-payment")
        async def test_a():
            """It holds."""

        @pytest.mark.check("other")
        async def test_b():
            """It holds."""
    '''
    assert set(judge(text, select=("slow-payment",))) == {"starts", "slow-payment"}
    with pytest.raises(BadInput, match="Did you mean `slow-payment`"):
        judge(text, select=("slow-paymnt",))


def test_the_surroundings_settings_and_conftest_count_for_nothing(judge, monkeypatch) -> None:
    (paths.LABS / "conftest.py").write_text("raise SystemExit('mine')")
    (paths.LABS / "77-topic" / "checks" / "conftest.py").write_text("raise SystemExit('mine')")
    (paths.LABS / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    monkeypatch.chdir(paths.LABS)
    assert judge(ONE)["one"].verdict is Verdict.PASSED
