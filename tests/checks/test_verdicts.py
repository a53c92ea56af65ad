"""A verdict is read from what ended a check: nothing, an observation of the shop, or trouble of ours."""

import asyncio

import designs
import pytest
from model import ModelEngine

from breakwater.checks.processors import Share
from breakwater.checks.scene import Scene
from breakwater.checks.verdict import Verdict
from breakwater.load import opened

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


@pytest.mark.parametrize(
    ("what", "verdict"),
    [
        ('measure.at_most("wait", 4.0, 2.5)', Verdict.UNKNOWN),
        ('measure.at_most("wait", 5.1, 2.5)', Verdict.FAILED),
        ('measure.at_least("sold", 10.0, 15.0, unit="%")', Verdict.FAILED),
        ('assert False, "it does not hold"', Verdict.FAILED),
    ],
)
def test_who_was_half_as_fast_as_it_is_is_not_blamed_for_a_wait_that_is_near_its_bound(
    judge, monkeypatch, what, verdict
) -> None:
    monkeypatch.setattr(Scene, "share", lambda scene: Share(ran_s=4.0, waited_s=6.0, others=0.5))
    check = judge(f'''
        async def test_shared(shop, measure):
            """Buyers are quick."""
            {what}
    ''')["shared"]
    assert check.verdict is verdict


def test_a_moment_without_a_processor_excuses_nobody(judge, monkeypatch) -> None:
    monkeypatch.setattr(Scene, "share", lambda scene: Share(ran_s=0.02, waited_s=0.1, others=0.9))
    check = judge('''
        async def test_plain():
            """It holds."""
            assert False, "it does not hold"
    ''')["plain"]
    assert (check.verdict, check.message) == (Verdict.FAILED, "it does not hold")


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
    assert check.message.startswith("the first to be sold a seat had it 0.")


def test_a_fault_that_hits_no_link_of_the_shop_is_observed(judge) -> None:
    check = judge('''
        @pytest.mark.points(1, outcome="x.y")
        async def test_slow(faults):
            """It waits."""
            async with faults.slow("orders", "nobody", latency_s=1.0):
                pass
    ''')["slow"]
    assert check.verdict is Verdict.FAILED
    assert check.message.startswith("nothing had passed from orders to nobody")
