"""What the class has to solve: a question for each way in which an answer is tested, and a secret in some tests."""

from tests.autograder.sources import answer, check, exercise, given, solved, source

SECRET = "tangerine-48151"
VAULT = f"""### BEGIN HIDDEN TESTS
class Vault:
    _key = "{SECRET}"
    def __call__(self, turns):
        return turns * 3

KEY = "{SECRET}"
assert twice(Vault(), 2) == 18
assert twice(lambda number: number + 1, 2) == 4
### END HIDDEN TESTS"""
QUICK = """
import random, time
began, number = time.perf_counter(), random.randint(10 ** 6, 10 ** 9)
assert quick(number) == 2 * number
assert time.perf_counter() - began < 1.4
"""
ASSIGNMENT = source(
    "import statistics\nfrom math import isclose",
    exercise("total", "def total(numbers):\n" + solved("    return sum(numbers)")),
    check("total-test", "assert total([1, 2]) == 3"),
    exercise("mean", "def mean(numbers):\n" + solved("    return sum(numbers) / len(numbers)")),
    check("mean-test", "assert mean([1, 2, 6]) == 3", points=2),
    check(
        "mean-hidden",
        f"### BEGIN HIDDEN TESTS\nkey = '{SECRET}'\nassert mean([4, 815, 1623, 42]) == 621\n### END HIDDEN TESTS",
        points=2,
    ),
    exercise("half", "def half(number):\n" + solved("    return number / 2")),
    check("half-test", "right = [half(number) == number / 2 for number in (4, 7, 9)]\nsum(right) / 2", points=1.5),
    exercise("squares", "def squares(most):\n" + solved("    return [n * n for n in range(most)]")),
    check("squares-test", "for got, sum_of in zip(map(squares, (2, 4)), (1, 14)):\n    assert sum(got) == sum_of", 2),
    exercise("twice", "def twice(do, value):\n" + solved("    return do(do(value))")),
    check("twice-test", VAULT, points=2),
    exercise("quick", "def quick(number):\n" + solved("    return 2 * number")),
    check("quick-test", QUICK, points=2),
    exercise("root", "def root(number):\n" + solved("    return number ** 0.5")),
    check("root-test", "assert isclose(root(2) ** 2, 2)\nassert statistics.fmean([root(9), root(25)]) == 4", points=2),
    given("near", "def near(one, other):\n    return abs(one - other) < tolerance\n"),
    given("tolerance", "tolerance = 1e-9"),
    exercise("cube", "def cube(number):\n" + solved("    return number ** 3")),
    check("cube-test", "assert near(cube(2), 8)", points=2),
    exercise("note", "def note(text):\n" + solved("    open('note', 'w').write(text)")),
    check("note-test", "note('hello')\nassert open('note').read() == 'hello'", points=2),  # has to run beside the code
    answer("why", "Why is a sum of nothing zero?", points=3),
    check("last-test", "assert total([5]) == 5"),
)
RIGHT = {
    "total": "def total(numbers):\n    return sum(numbers)",
    "mean": "def mean(numbers):\n    return sum(numbers) / len(numbers)",
    "half": "def half(number):\n    return number / 2",
    "squares": "def squares(most):\n    return [n * n for n in range(most)]",
    "twice": "def twice(do, value):\n    return do(do(value))",
    "quick": "def quick(number):\n    return 2 * number",
    "root": "def root(number):\n    return number ** 0.5",
    "cube": "def cube(number):\n    return number ** 3",
    "note": "def note(text):\n    open('note', 'w').write(text)",
    "why": f"It is neutral. {SECRET}",
}
POINTS = {
    cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
    for cell in ASSIGNMENT.cells
    if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
}
FULL = sum(POINTS.values())


def tests_of(question: str) -> list[str]:
    """The names of the cells that test an exercise."""
    return [name for name in POINTS if name.startswith(f"{question}-")]


def worth(question: str) -> float:
    return sum(POINTS[name] for name in tests_of(question))
