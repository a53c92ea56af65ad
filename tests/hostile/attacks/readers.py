"""What is aimed at whoever reads the results: a page, a table in a spreadsheet, a terminal."""

from tests.hostile.attacks.attack import Attack, Without
from tests.hostile.attacks.files import CRAFTED, escapes

WRONG = "def mean(numbers): return 0"
PAGE, TABLE, TERMINAL = "scripts for the page", "formulas", "terminals"
UNESCAPED = Without("autograder/pages/__init__.py", "autoescape=True", "autoescape=False")
UNWRITABLE = Without("autograder/notebooks/autograded.py", '.encode(errors="replace")', ".encode()")
REFUSED = Without(
    "autograder/handed_in.py",
    'return replace(one, student=shown, trouble="that is no student id; rename it")',
    'raise BadInput("that is no student id; rename it")',
)
MESSAGE = "def mean(numbers): raise ValueError('</p><script>GOT()</script>')"
NAME = "def mean(numbers): raise type('<img src=x onerror=GOT()>', (Exception,), {})('1')"
ATTRIBUTE = "def mean(numbers): raise ValueError('\"><svg onload=GOT()>')"
HTML = "from IPython.display import HTML, display\ndisplay(HTML('<script>GOT()</script>'))\n" + WRONG
HALF = "def mean(numbers): raise ValueError('\\ud800')"
PRINTS = "print('\\ud800')\n" + WRONG

ATTACKS = (
    Attack("script-in-an-output", PAGE, "a script in what a cell displays", HTML),
    Attack("script-as-message", PAGE, "a script in an error's message", MESSAGE, proof=UNESCAPED),
    Attack("script-as-name", PAGE, "a script in the name of an error's class", NAME, proof=UNESCAPED),
    Attack("script-as-attribute", PAGE, "a script that leaves an attribute", ATTRIBUTE, proof=UNESCAPED),
    Attack("formula", TABLE, "a formula, by the name of who handed in", WRONG, student="=GOT(1)"),
    Attack("formula-behind-a-semicolon", TABLE, "the same where a semicolon parts cells", WRONG, student="a;=GOT(2)"),
    Attack(
        "title-of-the-terminal",
        TERMINAL,
        "sequences that a terminal obeys, in what is reported",
        WRONG,
        tamper=escapes,
        fair=False,
        proof=Without("breakwater/cli/_out.py", "each if each.isprintable() else", "each if True else"),
    ),
    Attack("raises-half-a-letter", TERMINAL, "a reason that nobody can print", HALF, proof=UNWRITABLE),
    Attack(
        "name-that-turns",
        CRAFTED,
        "a name that is read from the right, at which grading stops",
        WRONG,
        student="ada\u202etxt.x",
        fair=False,
        proof=REFUSED,
    ),
    Attack(
        "name-too-long",
        CRAFTED,
        "a name for which no file can be named, so that grading stops",
        WRONG,
        student="字" * 83,
        fair=False,
        proof=REFUSED,
    ),
    Attack("prints-half-a-letter", CRAFTED, "an output that nobody can write", PRINTS, proof=UNWRITABLE),
)
