"""What the lab asks of the learner's own visitors. The guide beside describes them in the words and numbers below.

Chance fails a right file in less than one of a million runs, all of this added up. Of 41 visitors who each leave with a
chance of a third, nobody does in 6 of 10^8 runs, more than 30 do in 4. Those who stay think fewer than 18 times in 6 of
10^9. The mean of times drawn evenly from 0.5 to 1.5 s is 0.4 s off in fewer (Chernoff's bound); two fifths of them lie
within 0.1 s in 12 of 10^8 (the distance of two order statistics has a beta distribution). In a simulation one hold
in 20 came too late for its seat; more than half do in 1 of 10^9.
"""

import pytest

FILE, SEATS = "visitors/locustfile.py", "/events/opening-night/seats"
LOOK, HOLD, BUY = ("GET", SEATS), ("POST", "/holds"), ("POST", "/orders")
COMES_S = [float(second) for second in range(5)] + [5 + number / 12 for number in range(36)]
RUN_S = 12.0  # the last one comes after 8 s, and is gone 3 s later, or on a slow machine 4
FEWER_OR_MORE, EARLY_OR_LATE_S = 4, 2.0
LEAST_S, MEAN_S = 0.5, 1.0
# Between the fifth and the forty-fifth of a hundred: a slow machine makes long times longer, and no short one shorter.
SPREAD_S = 0.1
TOO_SHORT_S, MEAN_OFF_S = 0.2, 0.4
FEWEST_THOUGHTS = 18  # two of those who ask for a hold come too late, and do not think again
CROWD_S = 0.5  # at least, between the first and the last of the crowd, who come over three seconds
MOST_LEAVE = 30
CUT_OFF_S = 2.0  # before the end: who was last seen then may have meant to go on


@pytest.mark.check("visitors", takes_s=13, looks_at="visitors")
@pytest.mark.points(3, outcome="resilience.load")
async def test_visitors(visitors, measure):
    """Your visitors come as described: a few, then a crowd; each looks, thinks, holds a seat, thinks and buys it."""
    arrivals = await visitors(FILE, users=len(COMES_S), seconds=RUN_S)
    for visit in arrivals.visits:
        keep_to_the_order(visit, arrivals.ended_s if arrivals.broken_off else float("inf"))
    asked = [visit.requests[1] for visit in arrivals.visits if len(visit.requests) > 1]
    names = {each.asked["buyer"] for each in asked}
    assert len(names) == len(asked), f"{len(asked)} visitors asked for a seat, in {len(names)} names"
    hold_thoughts(measure, [thought_s for visit in arrivals.visits for thought_s in visit.thought_s])
    hold_arrivals(measure, [visit.came_s for visit in arrivals.visits])
    refused = sum(each.status == 409 for each in asked)
    assert refused <= len(asked) / 2, (
        f"{refused} of {len(asked)} who asked for a seat were told that somebody had just taken it (allowed: half)"
    )
    count = len(arrivals.visits)
    left = f"{count - len(asked)} of {count} visitors left after they had looked at the seats"
    assert 1 <= count - len(asked) <= MOST_LEAVE, f"{left} (allowed: 1 to {MOST_LEAVE})"


def keep_to_the_order(visit, ended_s):
    """Fail for a visitor who does not look, hold and buy, in this order, once, and only what it said it would."""
    look, *more = visit.requests
    if what(look) != LOOK:
        visit.fail(f"began with {' '.join(what(look))}, not with a look at the seats (who brings no cookie is new)")
    if not more:
        return
    hold, *more = more
    if what(hold) != HOLD:
        says = {LOOK: "looked at the seats a second time", BUY: "asked to buy a seat that it did not hold"}
        visit.fail(says.get(what(hold), f"asked for {' '.join(what(hold))}, which is no part of a visit"))
    seat = named(hold, "seat")
    if seat not in {row["seat"] for row in look.told if not row["sold"]}:
        visit.fail(f"asked to hold {seat or 'no seat'}, which was not free on the list that it had seen")
    if hold.status == 201:
        keep_to_the_hold(visit, hold, more, is_cut_off=ended_s - visit.left_s < CUT_OFF_S)
    elif hold.status != 409:
        visit.fail(f"was told {hold.status} when it asked for a hold: {hold.told['title']}")
    elif more:
        visit.fail("did not leave when it was told that somebody else had the seat (409)")


def keep_to_the_hold(visit, hold, more, *, is_cut_off):
    """Fail for a visitor who has a hold and does not buy under it, once, and then leave."""
    if not more and not is_cut_off:
        visit.fail(f"held {named(hold, 'seat')} and did not buy it")
    for buy in more[:1]:
        if what(buy) != BUY:
            visit.fail(f"asked for {' '.join(what(buy))} when it held a seat")
        wanted = {key: named(hold, key) for key in ("event", "seat", "buyer")} | {"hold": hold.told["id"]}
        for key, value in wanted.items():
            if named(buy, key) != value:
                visit.fail(f"bought with {named(buy, key) or 'nothing'} as the {key}; its hold has {value}")
        if buy.status != 201:
            visit.fail(f"was told {buy.status} when it bought what it held: {buy.told['title']}")
    if more[1:]:
        visit.fail("did not leave when it had bought")


def hold_thoughts(measure, thoughts_s):
    """Nobody thinks for less than half a second, and they think for a second in the mean, not all alike."""
    count = len(thoughts_s)
    assert count >= FEWEST_THOUGHTS, f"all visitors together thought {count} times (needed: {FEWEST_THOUGHTS})"
    in_order = sorted(thoughts_s)
    short_s, mean_s = max(0.0, LEAST_S - in_order[0]), sum(in_order) / count
    says = f"a visitor thought for {in_order[0]:.2f} s, and {LEAST_S} s is the least: {short_s:.2f} s too short"
    measure.at_most("shortest time to think, short by", short_s, TOO_SHORT_S, says=says)
    says = f"visitors thought for {mean_s:.2f} s in the mean, {abs(mean_s - MEAN_S):.2f} s off"
    measure.at_most("mean time to think, off by", abs(mean_s - MEAN_S), MEAN_OFF_S, says=says)
    spread_s = in_order[count * 9 // 20] - in_order[count // 20]
    says = f"of a hundred times to think the fifth and the forty-fifth are {spread_s:.2f} s apart: all thought alike"
    measure.at_least("spread of the times to think", spread_s, SPREAD_S, says=says)


def hold_arrivals(measure, came_s):
    """As many come as are described, each near its moment."""
    count = len(came_s)
    off = f"{count} visitors came, and {len(COMES_S)} were to come (allowed: {FEWER_OR_MORE} fewer or more)"
    assert abs(count - len(COMES_S)) <= FEWER_OR_MORE, off
    pairs = list(zip(came_s, COMES_S, strict=False))
    came, meant = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    says = f"visitor {pairs.index((came, meant)) + 1} was to come after {meant:.1f} s and came after {came:.1f} s"
    off_s = abs(came - meant)
    crowd_s = came_s[-1] - came_s[min(5, count - 1)]
    told = f"the crowd came within {crowd_s:.1f} s"
    measure.at_least("time over which the crowd came", crowd_s, CROWD_S, says=told)
    measure.at_most("a visitor's distance from its moment", off_s, EARLY_OR_LATE_S, says=f"{says}, {off_s:.1f} s off")


def what(request):
    return request.method, request.path


def named(request, key):
    """What the body of a request says under a key, as text; empty where it says nothing."""
    return str(request.asked.get(key) or "")[:60] if isinstance(request.asked, dict) else ""
