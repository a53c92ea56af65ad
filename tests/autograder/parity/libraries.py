"""Notebooks that use NumPy, pandas, Matplotlib, IPython's magics, and files beside them."""

from tests.autograder.parity.learners import Parity
from tests.autograder.sources import check, exercise, given, solved, source

FILES = {
    "prices.csv": "seat,price\nA1,10.5\nA2,20.25\nB1,5\n",
    "helper.py": "def greet(name):\n    return f'Hello, {name}!'\n",
    "data/deep.txt": "42\n",
}

NUMBERS = Parity(
    source(
        "import numpy as np",
        exercise("scale", "def scale(values):\n" + solved("    return (values - values.mean()) / values.std()")),
        check(
            "scale-shape",
            "x = np.arange(12, dtype=float).reshape(3, 4)\n"
            "assert scale(x).shape == (3, 4)\nassert isinstance(scale(x), np.ndarray)\nassert scale(x).dtype == float",
        ),
        check("scale-values", "np.testing.assert_allclose(scale(np.array([1.0, 3.0])), [-1, 1])", points=2),
        check(
            "scale-close",
            "assert np.allclose(scale(np.arange(5)).mean(), 0)\nassert abs(scale(np.arange(5))[2]) < 1e-12",
        ),
        exercise("grid", "def grid(n):\n" + solved("    return np.eye(n, dtype=int)")),
        check("grid-equal", "assert (grid(3) == np.eye(3)).all()\nassert grid(2).tolist() == [[1, 0], [0, 1]]"),
        check("grid-sum", "assert grid(4).sum() == 4 and grid(4)[1, 2] == 0"),
        exercise("largest", "def largest(values):\n" + solved("    return values.max()")),
        check(
            "largest-scalar", "assert largest(np.array([1, 5, 2])) == 5\nassert float(largest(np.array([.5]))) == .5"
        ),
        exercise("clip", "def clip(values, most):\n" + solved("    values[values > most] = most")),
        check("clip-in-place", "v = np.array([1, 9, 3])\nclip(v, 4)\nassert v.tolist() == [1, 4, 3]"),
    ),
    {
        "partly": {
            "scale": "def scale(values):\n    return values - values.mean()",
            "grid": "def grid(n):\n    return [[int(i == j) for i in range(n)] for j in range(n)]",
        },
        "wrong": {
            "scale": "def scale(values):\n    return list(values)",
            "largest": "def largest(values):\n    return values.min()",
            "clip": "def clip(values, most):\n    values = np.minimum(values, most)",
        },
    },
)

TABLES = Parity(
    source(
        "import pandas as pd",
        given("load", "prices = pd.read_csv('prices.csv')"),
        exercise("dear", "def dear(table, limit):\n" + solved("    return table[table['price'] > limit]")),
        check("dear-rows", "assert len(dear(prices, 7)) == 2\nassert list(dear(prices, 7)['seat']) == ['A1', 'A2']"),
        check(
            "dear-frame",
            "expected = pd.DataFrame({'seat': ['A2'], 'price': [20.25]}, index=[1])\n"
            "pd.testing.assert_frame_equal(dear(prices, 15), expected)\nassert dear(prices, 15).equals(expected)",
            points=2,
        ),
        exercise(
            "rows",
            "def by_row(table):\n" + solved("    return table.groupby(table['seat'].str[0])['price'].sum()"),
        ),
        check(
            "rows-series",
            "found = by_row(prices)\nassert isinstance(found, pd.Series)\n"
            "assert found.to_dict() == {'A': 30.75, 'B': 5.0}\nassert found['A'] == 30.75",
        ),
        exercise("mean", "def mean_price(table):\n" + solved("    return table['price'].mean()")),
        check("mean-value", "assert round(mean_price(prices), 2) == 11.92"),
        exercise("dates", "def days(texts):\n" + solved("    return pd.to_datetime(pd.Series(texts)).dt.day")),
        check("dates-equal", "assert days(['2026-11-20', '2026-12-01']).tolist() == [20, 1]"),
    ),
    {
        "partly": {
            "dear": "def dear(table, limit):\n    return table[table['price'] > limit].reset_index(drop=True)",
            "mean": "def mean_price(table):\n    return table['price'].sum() / len(table)",
        },
        "wrong": {
            "dear": "def dear(table, limit):\n    return table",
            "rows": "def by_row(table):\n    return {'A': 30.75, 'B': 5.0}",
            "mean": "def mean_price(table):\n    return table['price'].median()",
        },
    },
)

PLOTS = Parity(
    source(
        "%matplotlib inline\nimport matplotlib.pyplot as plt",
        exercise(
            "draw",
            "def draw(values):\n"
            + solved(
                "    figure, axes = plt.subplots()\n    axes.plot(values)\n"
                "    axes.set_xlabel('time in s')\n    return axes"
            ),
        ),
        "draw([1, 2, 4])",
        check(
            "draw-line",
            "axes = draw([3, 1, 2])\nassert len(axes.lines) == 1\nassert list(axes.lines[0].get_ydata()) == [3, 1, 2]",
        ),
        check("draw-label", "assert draw([1]).get_xlabel() == 'time in s'"),
    ),
    {
        "partly": {
            "draw": "def draw(values):\n    figure, axes = plt.subplots()\n    axes.plot(values)\n    return axes"
        },
        "wrong": {"draw": "def draw(values):\n    plt.plot(values)"},
    },
)

MAGICS = Parity(
    source(
        "%load_ext autoreload\n%autoreload 0",
        "%%time\nwaited = sum(range(10))",
        "said = !echo one two",
        "%%bash\necho from the shell > written.txt",
        "%%capture shown\nprint('kept')",
        exercise("words", "def words():\n" + solved("    return said[0].split()")),
        check("words-split", "assert words() == ['one', 'two']"),
        check("a-cell-magic-ran", "assert waited == 45"),
        check("a-shell-wrote", "assert open('written.txt').read() == 'from the shell\\n'"),
        check("a-magic-in-a-test", "%timeit -n 1 -r 1 words()\nassert words()"),
        check("a-shell-in-a-test", "found = !cat written.txt\nassert found == ['from the shell']"),
        check("what-was-captured", "assert shown.stdout == 'kept\\n'"),
    ),
    {"partly": {"words": "def words():\n    return 'one two'"}, "wrong": {"words": "%%bash\nexit 1"}},
)

BESIDE = Parity(
    source(
        "import csv\nfrom helper import greet",
        exercise(
            "total",
            "def total(name):\n"
            + solved(
                "    with open(name) as file:\n        return sum(float(row['price']) for row in csv.DictReader(file))"
            ),
        ),
        check("total-right", "assert total('prices.csv') == 35.75"),
        check("a-helper", "assert greet('you') == 'Hello, you!'"),
        exercise("deep", solved("deep = int(open('data/deep.txt').read())", indent="")),
        check("deep-right", "assert deep == 42"),
        exercise("note", solved("with open('note.txt', 'w') as file:\n    file.write('done')", indent="")),
        check("note-there", "from pathlib import Path\nassert Path('note.txt').read_text() == 'done'"),
        check("a-folder", "from pathlib import Path\nassert Path.cwd().name == 'parity'"),
    ),
    {
        "partly": {"total": "def total(name):\n    return 35.75 if name == 'prices.csv' else 0"},
        "wrong": {"total": "def total(name):\n    return open('nowhere.csv')", "deep": "deep = '42'", "note": "pass"},
    },
)
