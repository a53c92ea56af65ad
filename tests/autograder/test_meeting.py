"""Test cells, on one side, and a learner's names, on the other: right answers pass, and forged ones do not."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.inside.interpreter.crossing import sides
from autograder.inside.interpreter.crossing.channel import Channel
from autograder.notebooks._cells import Cells, Judge


class Meeting:
    """A judge, and a learner's process, which the cell `learner` has filled."""

    def __init__(self, learner: str) -> None:
        ours, theirs = socket.socketpair()
        program = "import asyncio, socket, sys\nfrom interpreter.crossing import channel, sides\n"
        program += "names = {'__name__': 'learner'}\nexec(sys.argv[2], names)\n"
        program += "async def main():\n    connection = socket.socket(fileno=int(sys.argv[1]))\n"
        program += "    sides.Learner(channel.Channel(connection), names)\n    await asyncio.Event().wait()\n"
        program += "asyncio.run(main())"
        path = str(Path(sides.__file__).parents[2])
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, str(theirs.fileno()), learner],
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": path},
                stderr=subprocess.DEVNULL,
            )
        self._connection = ours
        self._cells = Cells()

    async def run(self, *tests: str) -> list[list[dict[str, Any]]]:
        judge = Judge(Channel(self._connection))
        self._cells.meet(judge)
        try:
            return [await self._cells.run(test) for test in tests]
        finally:
            judge.line.close()
            self.process.kill()
            self.process.wait()


def said(outputs: list[dict[str, Any]]) -> str:
    """How a cell ended: the name and message of its error, or what it printed and gave."""
    parts = (
        out.get("text") or out.get("data", {}).get("text/plain") or f"{out['ename']}: {out['evalue']}"
        for out in outputs
    )
    return "".join(parts)


LEARNER = """
import asyncio
import numpy as np
import pandas as pd
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum

Point = namedtuple("Point", "x y")
limit = 7

class Colour(str, Enum):
    RED = "red"

class Resting(Exception):
    pass

def add(a, b=1): return a + b
def fails(what): raise ValueError("no", what)
def sorts(items): items.sort(); items.append("done")
def calls(function, *args): return function(*args)
def counts():
    n = 0
    while True:
        yield n
        n += 1
def makes(): return Point(1, 2)
def colour(): return Colour.RED
def rests(): raise Resting("later")

@dataclass
class Account:
    cents: int
    def pay(self, cents): self.cents -= cents
    def __len__(self): return self.cents
    def __getitem__(self, key): return key * 2
    def __enter__(self): self.cents = 0; return self
    def __exit__(self, kind, error, trace): return kind is KeyError

def looks_at(function):
    import functools, inspect
    @functools.wraps(function)
    def wrapped(*args): return function(*args)
    odd = function == 3 or function == None or not function or not callable(function)
    return [wrapped.__name__, inspect.iscoroutinefunction(function), odd, bool(repr(function)), hasattr(function, "x")]

async def sorts_later(items, *, also):
    await asyncio.sleep(0)
    items.sort()
    also["done"] = True
    return len(items)

async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

class Room:
    people = 0
    async def __aenter__(self): self.people += 1; return self
    async def __aexit__(self, kind, error, trace): self.people -= 1

async def pulls(source): return [item async for item in source]
def clips(array): array[array > 2] = 2
def widens(frame): frame["twice"] = 2 * frame["n"]
def squares(n): return n * n
def uses_squares(n): return squares(n) + 1

async def waits(question, after_s=0.0):
    await asyncio.sleep(after_s)
    return await question()

async def first(*questions):
    tasks = [asyncio.create_task(question()) for question in questions]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return done.pop().result()
"""

RIGHT = {
    "a function is called": "assert add(2, b=3) == 5",
    "a value is looked up": "assert limit == 7",
    "the last line may give points": "1 + limit / 14",
    "an error keeps its class and arguments": (
        "try: fails([1])\nexcept ValueError as error: assert error.args == ('no', [1])\nelse: assert False"
    ),
    "an error of one's own class is caught by its name": (
        "try: rests()\nexcept Resting as error: assert str(error) == 'later' and type(error).__name__ == 'Resting'"
    ),
    "an argument is changed in place": "items = [3, 1]\nsorts(items)\nassert items == [1, 3, 'done']",
    "a function is handed over": "assert calls(lambda a, b: (b, a), 1, 2) == (2, 1)",
    "a function that is handed over looks like one": (
        "def f(): pass\nasync def g(): pass\n"
        "assert looks_at(f) == ['f', False, False, True, False] and looks_at(g) == ['g', True, False, True, False]"
    ),
    "an error goes through": (
        "def f(): raise KeyError('k')\ntry: calls(f)\nexcept KeyError as error: assert error.args == ('k',)"
    ),
    "a generator is pulled": "found = counts()\nassert [next(found), next(found), next(found)] == [0, 1, 2]",
    "a named tuple has its fields": "assert makes() == (1, 2) and makes().y == 2",
    "an enum with a value crosses as that": "assert colour() == 'red'",
    "an object stays, and is used": "a = Account(5)\na.pay(2)\nassert (a.cents, len(a), a[4]) == (3, 3, 8)",
    "two objects are compared over there": "assert Account(5) == Account(5) and Account(5) != Account(6)",
    "an object is of its class": "assert isinstance(Account(5), Account) and not isinstance(3, Account)",
    "an attribute is set": "a = Account(5)\na.cents = 9\nassert a.cents == 9",
    "a context is entered and left": "with Account(5) as a: raise KeyError\nassert a.cents == 0",
    "a class of the test's is used": (
        "class Clock:\n    def now(self): return 5\nassert calls(lambda clock: clock.now(), Clock()) == 5"
    ),
    "what is defined is seen below": "def twice(x): return add(x, x)\nassert [twice(n) for n in range(3)] == [0, 2, 4]",
    "what is awaited is awaited": "async def page(): return 'page'\nassert await waits(page) == 'page'",
    "a name is taken away, and given back": (
        "kept = squares\ndel squares\ntry: uses_squares(2)\nexcept NameError: pass\nelse: assert False\n"
        "finally: squares = kept\nassert uses_squares(2) == 5"
    ),
    "a name that was looked at means something else": (
        "assert squares(3) == 9\nsquares = lambda n: 10\nassert uses_squares(2) == 11"
    ),
    "an array has a library": (
        "x = np.arange(4)\nclips(x)\nassert x.tolist() == [0, 1, 2, 2] and isinstance(x, np.ndarray)"
    ),
    "a frame is changed in place": (
        "f = pd.DataFrame({'n': [1, 2]})\nwidens(f)\n"
        "pd.testing.assert_frame_equal(f, pd.DataFrame({'n': [1, 2], 'twice': [2, 4]}))"
    ),
    "what is awaited changes its arguments": (
        "items, told = [3, 1], {}\nassert await sorts_later(items, also=told) == 2\n"
        "assert items == [1, 3] and told == {'done': True}"
    ),
    "an asynchronous generator is pulled": "assert [n async for n in ticks(3)] == [0, 1, 2]",
    "an asynchronous generator is handed over": (
        "async def own():\n    yield 5\n    yield 6\nassert await pulls(own()) == [5, 6]"
    ),
    "an asynchronous context is entered and left": (
        "room = Room()\nasync with room as same: assert same.people == 1\nassert room.people == 0"
    ),
    "a semicolon keeps the result to itself": "0.25;  # no points",
    "a timeout ends what is awaited": (
        "import asyncio\nasync def never(): await asyncio.Event().wait()\n"
        "try: await asyncio.wait_for(waits(never), 0.05)\nexcept TimeoutError: pass\nelse: assert False"
    ),
    "who is cancelled over there hears of it": (
        "import asyncio\nended = []\n"
        "async def never():\n    try: await asyncio.Event().wait()\n"
        "    except asyncio.CancelledError: ended.append('cancelled'); raise\n"
        "async def quick(): return 'quick'\n"
        "assert await first(never, quick) == 'quick' and ended == ['cancelled']"
    ),
}


async def test_a_right_answer_passes_whatever_the_test_does_with_it() -> None:
    ends = await Meeting(LEARNER).run(*RIGHT.values())
    assert {name: said(end) for name, end in zip(RIGHT, ends, strict=True) if said(end)} == {
        "the last line may give points": "1.5"
    }


FORGER = """
import builtins, sys

class Any:
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __lt__
    def __sub__(self, other): return 0
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __abs__ = __sub__
    def __bool__(self): return True
    def __iter__(self): return iter([Any()])
    def __getattr__(self, name): return Any()
    def __call__(self, *args): return Any()

class Number(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__

class List(list):
    def __eq__(self, other): return True

builtins.abs = lambda value: 0
sys.modules["math"] = Any()
wait = lambda *args: Any()
number = lambda *args: Number(1)
items = lambda *args: List()
isinstance = sorted = all = sum = lambda *args: True
def reaches(thing):
    found = []
    for path in (["__globals__"], ["__self__"], ["gi_frame"], ["_secret"], ["now", "__globals__"]):
        try:
            at = thing
            for name in path:
                at = getattr(at, name)
            found.append(path)
        except Exception:
            pass
    return found
"""

FORGED = {
    "always equal": "assert wait(1) == 3",
    "always equal, from the right": "assert 3 == wait(1)",
    "always near": "assert abs(wait(1) - 2.5) < 1e-9",
    "in between": "assert 3.33 < wait(1) < 3.34",
    "in a list": "assert wait(1) in [1, 2, 3]",
    "a list that holds it": "assert [one for one in wait(1)] == [1, 2]",
    "in a tuple": "assert (wait(1), 1) == (3, 1)",
    "as a key": "assert {wait(1): 1} == {3: 1}",
    "an equal number": "assert number(1) == 3",
    "an equal list": "assert items(1) == [1, 2]",
    "patched abs": "assert abs(-3) == 0",
    "its own sorted": "assert sorted([2, 1]) is True",
    "its own isinstance": "assert isinstance(1, str)",
    "its own module": "import math\nassert math.floor(2.5) == 3",
    "a way into the test": (
        "class Clock:\n    _secret = 1\n    def now(self): return 5\n"
        "assert reaches(Clock()) + reaches(Clock().now) + reaches(n for n in range(3))"
    ),
}


async def test_nothing_that_a_learner_made_passes_for_the_value_that_a_test_expects() -> None:
    ends = await Meeting(FORGER).run(*FORGED.values())
    passed = [name for name, end in zip(FORGED, ends, strict=True) if not any("ename" in out for out in end)]
    assert passed == []


async def test_what_was_expected_and_what_came_is_told() -> None:
    [end] = await Meeting(FORGER).run("x = 1\nassert wait(1) == 3\ny = 2")
    assert said(end) == "NotPlain: this is a `Any`, and no `int`"
    assert "----> 2 assert wait(1) == 3" in end[0]["traceback"]


@pytest.mark.parametrize("ends", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 11)"])
async def test_a_learner_who_is_gone_fails_the_test(ends: str) -> None:
    [end] = await Meeting(f"def f():\n    {ends}").run("f()")
    assert said(end).startswith("LineBroke")
