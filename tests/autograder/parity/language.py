"""Notebooks about Python itself, and about what nbgrader makes of points and answers."""

from tests.autograder.parity.learners import Parity
from tests.autograder.sources import answer, check, exercise, given, program, solved, source, task

PARTIAL = Parity(
    source(
        exercise("square", "def square(n):\n" + solved("    return n * n")),
        check("a-sum", "right = [square(n) == n * n for n in (0, 1, 2, -3)]\nsum(right) * 0.5", points=2),
        check("a-count", "right = [square(n) == n * n for n in (0, 1, 2, -3)]\nsum(right)", points=4),
        check("a-zero", "0 if square(2) == 5 else 3", points=3),
        check("a-string", "'well done'", points=2),
        check("a-truth", "square(2) == 4", points=2),
        check("a-nothing", "None", points=1.5),
        check("a-list", "[square(2)]", points=1),
        check("below-zero", "-1", points=1),
        check("printed", "print(0)", points=1),
        check("displayed", "from IPython.display import display\ndisplay(0)", points=1),
        check("no-points", "assert square(3) == 9", points=0),
        check("semicolon", "0.5;", points=1),
    ),
    {
        "partly": {"square": "def square(n):\n    return abs(n) * n"},
        "wrong": {"square": "def square(n):\n    raise ValueError(n)"},
    },
)

MANUAL = Parity(
    source(
        answer("why", "YOUR ANSWER HERE", points=3),
        answer("how", "### BEGIN MARK SCHEME\n1 point a word\n### END MARK SCHEME", points=2),
        program("plan", solved("x = 1", indent=""), points=2),
        task("essay", "Write an essay in new cells.", points=5),
        given("constants", "LIMIT = 3"),
        exercise("below", solved("below = [n for n in range(9) if n < LIMIT]", indent="")),
        check("below-limit", "assert below == [0, 1, 2]"),
    ),
    {
        "partly": {"why": "Because.", "constants": "LIMIT = 7", "essay": "There is nothing to write."},
        "wrong": {"why": "", "plan": "raise RuntimeError", "below": "below = ["},
    },
)

CLASSES = Parity(
    source(
        "from dataclasses import dataclass",
        exercise(
            "account",
            "class Account:\n"
            + solved(
                "    def __init__(self, balance=0):\n        self.balance = balance\n\n"
                "    def deposit(self, amount):\n        if amount < 0:\n            raise ValueError('negative')\n"
                "        self.balance += amount\n        return self\n\n"
                "    @property\n    def is_empty(self):\n        return self.balance == 0\n\n"
                "    def __add__(self, other):\n        return Account(self.balance + other.balance)\n\n"
                "    def __len__(self):\n        return self.balance\n\n"
                "    def __repr__(self):\n        return f'Account({self.balance})'"
            ),
        ),
        check("account-starts", "a = Account()\nassert a.balance == 0 and a.is_empty\nassert Account(5).balance == 5"),
        check(
            "account-adds",
            "a = Account(1)\na.deposit(2).deposit(3)\nassert a.balance == 6\nassert not a.is_empty",
            points=2,
        ),
        check(
            "account-refuses",
            "try:\n    Account().deposit(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\n"
            "else:\n    raise AssertionError('nothing was raised')",
        ),
        check("account-sums", "assert (Account(1) + Account(2)).balance == 3\nassert len(Account(4)) == 4"),
        check("account-shows", "assert repr(Account(3)) == 'Account(3)'\nassert isinstance(Account(), Account)"),
        exercise("point", solved("@dataclass\nclass Point:\n    x: int\n    y: int = 0", indent="")),
        check(
            "point-equal", "assert Point(1) == Point(1, 0)\nassert Point(1, 2) != Point(2, 1)\nassert Point(3).x == 3"
        ),
        exercise("count", "def count(most):\n" + solved("    for n in range(most):\n        yield n * n")),
        check("count-lazily", "numbers = count(3)\nassert next(numbers) == 0\nassert list(numbers) == [1, 4]"),
        check("count-again", "assert sum(count(4)) == 14\nassert [n for n in count(2)] == [0, 1]"),
        exercise(
            "keeps",
            "def adder():\n"
            + solved(
                "    total = 0\n    def add(n):\n        nonlocal total\n        total += n\n"
                "        return total\n    return add"
            ),
        ),
        check("keeps-state", "add = adder()\nassert [add(1), add(2), add(3)] == [1, 3, 6]"),
        exercise("order", "def order(words, key=None):\n" + solved("    words.sort(key=key)")),
        check("order-in-place", "words = ['bb', 'a', 'ccc']\norder(words)\nassert words == ['a', 'bb', 'ccc']"),
        check(
            "order-by-key",
            "words = ['bb', 'a', 'ccc']\norder(words, key=lambda w: -len(w))\nassert words == ['ccc', 'bb', 'a']",
        ),
    ),
    {
        "partly": {
            "account": "class Account:\n    def __init__(self, balance=0):\n        self.balance = balance\n\n"
            "    def deposit(self, amount):\n        self.balance += amount\n\n"
            "    @property\n    def is_empty(self):\n        return not self.balance",
            "count": "def count(most):\n    return [n * n for n in range(most)]",
            "order": "def order(words, key=None):\n    words.sort()",
        },
        "wrong": {
            "account": "class Account:\n    pass",
            "point": "class Point:\n    def __init__(self, x, y=0):\n        self.x, self.y = x, y",
            "keeps": "def adder():\n    return lambda n: n",
            "order": "def order(words, key=None):\n    words = sorted(words, key=key)",
        },
    },
)

WAITS = Parity(
    source(
        "import asyncio",
        exercise("later", "async def later(value):\n" + solved("    await asyncio.sleep(0)\n    return value")),
        "waited = await later(3)",
        check("later-top-level", "assert waited == 3\nassert await later(4) == 4"),
        exercise(
            "both",
            "async def both(first, second):\n" + solved("    return list(await asyncio.gather(first(), second()))"),
        ),
        check(
            "both-in-order",
            "async def one():\n    await asyncio.sleep(0.01)\n    return 1\n\nasync def two():\n    return 2\n\n"
            "assert await both(one, two) == [1, 2]",
        ),
        check("partial-later", "0.5 if await later(True) else 0", points=1),
        exercise("ticks", "async def ticks(n):\n" + solved("    for each in range(n):\n        yield each")),
        check("ticks-all", "assert [n async for n in ticks(3)] == [0, 1, 2]"),
    ),
    {
        "partly": {"both": "async def both(first, second):\n    return [await second(), await first()]"},
        "wrong": {
            "later": "def later(value):\n    return value",
            "ticks": "async def ticks(n):\n    return list(range(n))",
        },
    },
)

SHOWS = Parity(
    source(
        exercise("table", "def table(n):\n" + solved("    for i in range(1, n + 1):\n        print(i, i * i)")),
        check(
            "table-printed",
            "import io\nfrom contextlib import redirect_stdout\n\nwith redirect_stdout(io.StringIO()) as said:\n"
            "    table(2)\nassert said.getvalue() == '1 1\\n2 4\\n'",
        ),
        exercise("ask", "def ask():\n" + solved("    return input('How many? ')")),
        check(
            "ask-mocked",
            "from unittest.mock import patch\nwith patch('builtins.input', return_value='3'):\n    assert ask() == '3'",
        ),
        exercise("half", "def half(n):\n" + solved("    return n / 2")),
        exercise("quarter", "def quarter(n):\n" + solved("    return half(half(n))")),
        check(
            "quarter-uses-half",
            "kept = half\ndel half\ntry:\n    quarter(4)\nexcept NameError:\n    pass\nelse:\n"
            "    raise AssertionError('half is not used')\nfinally:\n    half = kept",
        ),
        check("half-is-back", "assert quarter(4) == 1"),
        exercise("seeded", "import random\n\ndef draw():\n" + solved("    return random.randint(1, 6)")),
        check("seeded-draws", "import random\nrandom.seed(1)\nassert all(1 <= draw() <= 6 for _ in range(20))"),
    ),
    {
        "partly": {"quarter": "def quarter(n):\n    return n / 4", "table": "def table(n):\n    print(n)"},
        "wrong": {
            "ask": "def ask():\n    return '4'",
            "half": "def half(n):\n    return 0",
            "seeded": "def draw():\n    return 7",
        },
    },
)

BREAKS = Parity(
    source(
        exercise("first", solved("first = 1", indent="")),
        check("first-right", "assert first == 1"),
        exercise("second", "def second():\n" + solved("    return 2")),
        check("second-right", "assert second() == 2"),
        exercise("third", solved("third = {'a': [1, 2], 'b': (3, {4})}", indent="")),
        check("third-right", "assert third == {'a': [1, 2], 'b': (3, {4})}\nassert third['b'][1] == {4}"),
        check(
            "all-there",
            "assert (first, second()) == (1, 2)\n"
            "### BEGIN HIDDEN TESTS\nassert third['a'][-1] == 2\n### END HIDDEN TESTS",
            points=3,
        ),
    ),
    {
        "partly": {"second": "def second()\n    return 2"},
        "wrong": {
            "first": "first = undefined",
            "second": "def second():\n    import sys\n    sys.exit(2)",
            "third": "third = [][0]",
        },
    },
)
