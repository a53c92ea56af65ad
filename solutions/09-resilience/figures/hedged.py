"""A hedged request (J. Dean, L. A. Barroso, The Tail at Scale, CACM 56(2), 2013): a copy of lesson 4's exercise."""

import asyncio


async def hedged(ask, after_s, may_hedge):
    """Return the first good answer of one `ask()`, or of two if the first has not ended after `after_s` seconds."""
    asked = {asyncio.ensure_future(ask())}
    try:
        done, waiting = await asyncio.wait(asked, timeout=after_s)
        if waiting and may_hedge():
            asked.add(asyncio.ensure_future(ask()))
        waiting = set(asked)
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                if one.exception() is None or not waiting:
                    return one.result()
    finally:
        for one in asked:
            one.cancel()
