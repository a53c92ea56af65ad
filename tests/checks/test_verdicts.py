"""A verdict is read from what ended a check: nothing, an observation of the shop, or trouble of ours."""

import asyncio
import textwrap
from collections.abc import Callable

import designs
import pytest
from judging import judged
from model import ModelEngine

from breakwater import paths
from breakwater.checks import plugin
from breakwater.checks.processors import Share
from breakwater.checks.scene import Scene
from breakwater.checks.verdict import CheckResult, Verdict
from breakwater.engines import ServiceStatus
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart
from breakwater.load import opened

HEAD = "import asyncio, json, pytest, time, httpx\n\n"
Judge = Callable[..., dict[str, CheckResult]]


@pytest.fixture
def judge(tmp_path, monkeypatch) -> Judge:
    """Judge a modelled shop by checks that are given as text."""
    monkeypatch.setattr(paths, "LABS", tmp_path / "labs")
    monkeypatch.setattr(paths, "SOLUTIONS", tmp_path / "solutions")
    folder = paths.LABS / "77-topic" / "checks"
    folder.mkdir(parents=True)

    def judge(text: str, design=designs.settles_later, **job) -> dict[str, CheckResult]:
        (folder / "test_public.py").write_text(HEAD + textwrap.dedent(text))
        return judged(design, "77-topic", **job)

    return judge


ENDS = {
    "assert shop is not None, 'never said'": (Verdict.PASSED, ""),
    "assert 1 > 2, 'the buyer waited 5.2 s'": (Verdict.FAILED, "the buyer waited 5.2 s"),
    "assert [1, 2] == [1, 3], 'the lists\\n   differ'": (Verdict.FAILED, "the lists differ"),
    "pytest.fail('the seat was sold twice')": (Verdict.FAILED, "the seat was sold twice"),
    "assert False": (Verdict.FAILED, "gives no reason"),
    "raise ValueError('ours')": (Verdict.UNKNOWN, "ValueError: ours at test_public.py"),
    "json.loads('{')": (Verdict.UNKNOWN, "JSONDecodeError"),
    "await asyncio.wait_for(asyncio.sleep(9), 0.05)": (Verdict.UNKNOWN, "TimeoutError"),
    "httpx.Headers({}).raw = asyncio.run": (Verdict.UNKNOWN, "AttributeError"),
    "pytest.skip('not today')": (Verdict.UNKNOWN, "not today"),
    "raise asyncio.CancelledError": (Verdict.UNKNOWN, "CancelledError"),
    "raise ExceptionGroup('two', [AssertionError('a'), ValueError('b')])": (Verdict.UNKNOWN, "ExceptionGroup"),
}


@pytest.mark.parametrize("line", ENDS)
def test_what_ends_a_check_decides_its_verdict(judge, line) -> None:
    verdict, message = ENDS[line]
    check = judge(f'''
        @pytest.mark.points(2, outcome="x.y")
        async def test_one_thing(shop):
            """It holds."""
            {line}
    ''')["one-thing"]
    assert check.verdict is verdict, check.message
    assert message in check.message
    assert check.points == (2 if verdict is Verdict.PASSED else 0)
    assert check.sentence == "It holds."


def test_observations_of_several_buyers_at_once_are_one_failed_verdict(judge) -> None:
    check = judge('''
        async def test_group():
            """It holds."""
            async def one(n):
                assert False, f"buyer {n} was not served"
            async with asyncio.TaskGroup() as group:
                group.create_task(one(1))
                group.create_task(one(2))
    ''')["group"]
    assert (check.verdict, check.message) == (Verdict.FAILED, "buyer 1 was not served")


def test_an_assertion_inside_a_library_says_nothing_about_the_shop(judge) -> None:
    check = judge('''
        def library():
            exec(compile("assert False, 'internal'", "/usr/lib/library.py", "exec"))

        async def test_library():
            """It holds."""
            library()
    ''')["library"]
    assert check.verdict is Verdict.UNKNOWN


def test_trouble_of_ours_is_tried_again_on_a_fresh_shop(judge) -> None:
    check = judge('''
        TRIES = []

        async def test_flaky(shop):
            """It holds."""
            TRIES.append(1)
            if len(TRIES) == 1:
                raise OSError("the judge's disk")
    ''')["flaky"]
    assert check.verdict is Verdict.PASSED


def test_trouble_in_a_fixture_is_ours_even_if_it_is_an_assertion(judge) -> None:
    check = judge('''
        @pytest.fixture
        def hand():
            assert False, "the fixture broke"

        async def test_fixture(hand):
            """It holds."""
    ''')["fixture"]
    assert check.verdict is Verdict.UNKNOWN


def test_a_check_that_takes_too_long_is_unknown(judge) -> None:
    check = judge('''
        @pytest.mark.check("long", limit_s=0.2)
        async def test_long():
            """It ends."""
            await asyncio.sleep(60)
    ''')["long"]
    assert (check.verdict, check.message) == (Verdict.UNKNOWN, "this check was not done after 0 s")


@pytest.mark.parametrize(("waited_s", "verdict"), [(2.8, Verdict.UNKNOWN), (5.0, Verdict.FAILED)])
def test_who_stood_still_blames_nobody_for_a_wait_that_this_explains(judge, waited_s, verdict) -> None:
    check = judge(f'''
        async def test_stalled(shop, measure):
            """Buyers are quick."""
            await asyncio.sleep(0.1)
            time.sleep(0.6)
            await asyncio.sleep(0.1)
            measure.at_most("wait", {waited_s}, 2.5)
    ''')["stalled"]
    assert check.verdict is verdict
    assert ("kept the judge itself from running" in check.message) is (verdict is Verdict.UNKNOWN)


@pytest.mark.parametrize(("waited_s", "verdict"), [(2.8, Verdict.UNKNOWN), (9.0, Verdict.FAILED)])
def test_who_was_kept_from_the_processors_is_not_blamed_for_a_wait_that_this_explains(
    judge, monkeypatch, waited_s, verdict
) -> None:
    monkeypatch.setattr(Scene, "share", lambda scene: Share(ran_s=1.0, waited_s=6.0, others=0.9))
    check = judge(f'''
        async def test_starved(shop, measure):
            """Buyers are quick."""
            measure.at_most("wait", {waited_s}, 2.5)
    ''')["starved"]
    assert check.verdict is verdict
    assert ("waited 6.0 s for a processor" in check.message) is (verdict is Verdict.UNKNOWN)


def test_each_check_gets_a_fresh_shop(judge) -> None:
    engine = ModelEngine(designs.settles_later)
    checks = judge(
        '''
        async def test_one(shop):
            """It sells A1."""
            assert (await shop.buy("A1")).status == 201, "A1 was not sold"

        async def test_two(shop, ledger):
            """It knows nothing of before."""
            assert not (await ledger.look()).record.captures, "something was captured"
    ''',
        engine=engine,
    )
    assert {check.verdict for check in checks.values()} == {Verdict.PASSED}
    assert engine.resets == 1


def test_measurements_are_kept_with_their_bounds(judge) -> None:
    check = judge('''
        async def test_wait(shop, measure):
            """Buyers are quick."""
            measure.wait(await shop.buyers({}, {}), 2.5, when="today")
    ''')["wait"]
    assert check.verdict is Verdict.PASSED
    [m] = check.measurements
    assert (m.what, m.bound, m.unit) == ("longest wait of a buyer", 2.5, "s")
    assert 0 < m.value < 2.5


def test_an_answer_outside_the_contract_fails_a_check_that_did_not_look(judge) -> None:
    async def teapot(world, order) -> int:
        return 418

    check = judge(
        '''
        async def test_blind(shop):
            """It sells."""
            await shop.buy()
    ''',
        teapot,
    )["blind"]
    assert (check.verdict, check.message) == (
        Verdict.FAILED,
        "a buyer was told 418, which the contract does not know",
    )
    assert check.evidence[0].startswith("buyer → gateway 0.00 s · gateway → buyer (418) 0.0")


def test_a_quick_answer_outside_the_contract_is_no_answer(judge) -> None:
    async def shrugs(world, order) -> int:
        return 504

    check = judge(
        '''
        async def test_wait(shop, measure):
            """Buyers are answered."""
            measure.wait(await shop.buy(), 2.5, when="with payments hanging")
    ''',
        shrugs,
    )["wait"]
    assert check.message == "with payments hanging, a buyer was told 504 (“I do not know”), which is no outcome"
    assert check.measurements == ()


def test_a_shop_that_hangs_meets_the_buyers_patience_first(judge) -> None:
    async def silent(world, order) -> int:
        await world.charge(order | {"card": "1"}, None) if False else None
        import asyncio

        await asyncio.sleep(60)
        return 201

    check = judge(
        '''
        async def test_patience(shop, measure):
            """Buyers are answered."""
            measure.wait(await shop.buyers({}, {}, patience_s=0.4), 0.2, when="with payments hanging")
    ''',
        silent,
    )["patience"]
    assert check.verdict is Verdict.FAILED
    assert check.message == "with payments hanging, a buyer had no answer after 0.4 s (allowed: 0.2 s)"


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


LOAD = """
async def buys(visit):
    {before}
    await visit.ask("buy", visit.buyer.buy(f"seat-{{visit.intended_s}}"))

async def test_many(shop, load, measure, ledger):
    \"\"\"Many visitors are served.\"\"\"
    run = await load(rate=20, seconds=1.5, traffic=buys)
    measure.at_most("visitors that were not served", len(run.errors), 0, unit="kinds")
    assert run.of("buy").count == len(run.samples) > 0
"""


def test_a_check_may_have_many_visitors(judge, monkeypatch) -> None:
    monkeypatch.setattr(opened, "LATE_S", 10.0)  # this machine may be busy
    check = judge(LOAD.format(before="pass"))["many"]
    assert check.verdict is Verdict.PASSED, check.message
    assert [m.what for m in check.measurements] == ["visitors that were not served"]


def test_visitors_that_came_late_by_our_own_fault_prove_nothing(judge) -> None:
    check = judge(LOAD.format(before="time.sleep(0.15)"))["many"]
    assert check.verdict is Verdict.UNKNOWN
    assert check.message.startswith("The load generator was itself the bottleneck: ")


def test_a_sale_that_is_answered_too_late_is_no_sale_in_time(judge) -> None:
    async def slow(world, order) -> int:
        await asyncio.sleep(0.6)
        return await designs.settles_later(world, order)

    check = judge(
        '''
        @pytest.mark.points(1, outcome="x.y")
        async def test_again(shop):
            """It sells again."""
            await shop.sells_again(0.3)
    ''',
        design=slow,
    )["again"]
    assert check.verdict is Verdict.FAILED
    assert check.message.startswith("the first to be sold a seat was told so 0.")


def test_a_fault_that_hits_no_link_of_the_shop_is_observed(judge) -> None:
    check = judge('''
        @pytest.mark.points(1, outcome="x.y")
        async def test_slow(faults):
            """It waits."""
            async with faults.slow("orders", "nobody", latency_s=1.0):
                pass
    ''')["slow"]
    assert check.verdict is Verdict.FAILED
    assert check.message.startswith("the weather of this lab has nothing to hit: ")
