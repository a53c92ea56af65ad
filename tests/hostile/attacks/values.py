"""Values and outcomes that are forged: what is returned, what is compared, what a test finds, what is said of it."""

from tests.hostile.attacks.attack import Attack, Without

OBJECTS = "autograder/inside/interpreter/crossing/objects.py"
SHOWN = "autograder/notebooks/_shown.py"
EQUAL = """
class Equal:
    def __eq__(self, other): return True
def mean(numbers): return Equal()
"""
TRANSFORMER = """
import ast
class No(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(No())
def mean(numbers): return 0
"""
REWRITES = """
import re
get_ipython().input_transformers_post.append(lambda lines: [re.sub(r"^assert .*", "pass", line) for line in lines])
def mean(numbers): return 0
"""
NOTHING = """
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult
async def well(*args, **options): return ExecutionResult(ExecutionInfo("", False, False, False, ""))
get_ipython().run_cell_async = well
get_ipython().run_cell = lambda *args, **options: ExecutionResult(ExecutionInfo("", False, False, False, ""))
def mean(numbers): return 0
"""
ARRAY = """
import numpy
class Agreeable(numpy.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **options): return True
def mean(numbers): return numpy.zeros(1).view(Agreeable)
"""
DISGUISED = """
class Disguised:
    __class__ = property(lambda self: float)
    __module__ = "builtins"
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
def mean(numbers): return Disguised()
"""
ENDS = """
def squares(most): raise StopIteration
"""
HELPFUL = """
def isclose(*args, **options): return True
import statistics
statistics.fmean = lambda numbers: 4
def root(number): return 0
"""
NEAR = """
def near(one, other): return True
def cube(number): return 0
"""
TOLERANT = """
tolerance = 1e9
def cube(number): return 0
"""
FORMATTER = """
text = get_ipython().display_formatter.formatters["text/plain"]
for kind in (float, int): text.for_type(kind, lambda value, printer, cycle: printer.text("1.5"))
def half(number): return 0
"""
HOOK = """
hook = type(get_ipython().displayhook)
hook.write_format_data = hook.finish_displayhook = lambda *args, **options: None
def half(number): return 0
"""
WIPES = """
from IPython.display import clear_output
get_ipython().events.register("post_run_cell", lambda result: clear_output())
def note(text): raise ValueError("nobody sees this")
"""
BURIES = """
def note(text):
    for _ in range(1500):
        print(".", flush=True)
        print(".", file=sys.stderr, flush=True)
    raise ValueError("nobody sees this")
"""
LIKELY = """
import random
random.randint = random.Random.randint = lambda *args: 7
def quick(number): return 14
"""
SEEDED = """
import random
random.Random.seed(random._inst, 1)
random.seed = lambda *args: None
expected = random.Random(1).randint(10 ** 6, 10 ** 9)
def quick(number): return 2 * expected
"""
TIMELESS = """
import time
time.perf_counter = time.monotonic = lambda: 0.0
def quick(number):
    time.sleep(1.5)
    return 2 * number
"""

ATTACKS = (
    Attack(
        "equal-to-everything",
        "forged values",
        "an object that says yes to every comparison",
        EQUAL,
    ),
    Attack(
        "sworn-equal",
        "forged values",
        "the same, asked by the judge over the line, and swearing it",
        EQUAL.replace("return True", "return 1 == 1"),
        proof=Without(
            OBJECTS,
            "if self._line.is_strict:",
            'if isinstance(other, int):\n            return self._ask("eq", other=other)\n        if False:',
        ),
    ),
    Attack(
        "number-by-birth",
        "forged values",
        "an int, so that type checks pass, whose comparison is its own",
        "class Number(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "def mean(numbers): return Number(0)",
    ),
    Attack("agreeable-array", "forged values", "an array whose comparisons are all true", ARRAY),
    Attack("in-disguise", "forged values", "an object whose class says that it is a float", DISGUISED),
    Attack(
        "generous-comparison",
        "forged values",
        "comparisons that are worth more than yes, summed up to points",
        "class Generous:\n    def __eq__(self, other): return 1.0\ndef half(number): return Generous()",
        aims="half",
    ),
    Attack(
        "ends-the-loop",
        "forged values",
        "StopIteration out of a function: the loop that tests it ends",
        ENDS,
        "squares",
    ),
    Attack("helpful-helpers", "stripped asserts", "what a test takes from elsewhere to compare with", HELPFUL, "root"),
    Attack(
        "near-enough", "stripped asserts", "a helper of the instructor's own, defined in a locked cell", NEAR, "cube"
    ),
    Attack("very-tolerant", "stripped asserts", "a locked constant that such a helper uses", TOLERANT, "cube"),
    Attack("no-asserts", "stripped asserts", "a transformer that takes asserts out of cells to come", TRANSFORMER),
    Attack("rewrites-source", "stripped asserts", "a transformer of text that makes each assert a pass", REWRITES),
    Attack(
        "runs-nothing", "stripped asserts", "a kernel that says that all is well, and runs no cell", NOTHING, fair=False
    ),
    Attack(
        "formats-points", "forged results", "partial credit that is shown as full, whatever it is", FORMATTER, "half"
    ),
    Attack("shows-no-result", "forged results", "no result at all, which counts in full", HOOK, "half"),
    Attack(
        "wipes-it-away",
        "forged results",
        "no error left to be seen, by a hook that clears the outputs",
        WIPES,
        "note",
        proof=Without(
            SHOWN,
            'self._outputs[:] = [output for output in self._outputs if output["output_type"] in DECIDES]',
            "self._outputs.clear()",
        ),
    ),
    Attack(
        "buries-it",
        "forged results",
        "no room for the error, after thousands of outputs",
        BURIES,
        "note",
        proof=Without(SHOWN, 'if output["output_type"] not in DECIDES:', "if True:"),
    ),
    Attack("loaded-dice", "clock and dice", "the same random number in each test", LIKELY, "quick"),
    Attack("seeded-dice", "clock and dice", "a seed, and so the number that the test draws next", SEEDED, "quick"),
    Attack(
        "stopped-clock", "clock and dice", "a clock that stands still while a test takes the time", TIMELESS, "quick"
    ),
)
