"""What is aimed at whoever reads the results: a page, a table in a spreadsheet, a terminal."""

from tests.hostile.attacks.attack import Attack
from tests.hostile.attacks.files import escapes

WRONG = "def mean(numbers): return 0"
PAGE, TABLE, TERMINAL = "scripts for the page", "formulas", "terminals"
MESSAGE = "def mean(numbers): raise ValueError('</p><script>GOT()</script>')"
NAME = "def mean(numbers): raise type('<img src=x onerror=GOT()>', (Exception,), {})('1')"
ATTRIBUTE = "def mean(numbers): raise ValueError('\"><svg onload=GOT()>')"
HTML = "from IPython.display import HTML, display\ndisplay(HTML('<script>GOT()</script>'))\n" + WRONG
HALF = "def mean(numbers): raise ValueError('\\ud800')"
PRINTS = "print('\\ud800')\n" + WRONG

ATTACKS = (
    Attack("script-as-message", PAGE, "a script in an error's message", MESSAGE),
    Attack("script-as-name", PAGE, "a script in the name of an error's class", NAME),
    Attack("script-as-attribute", PAGE, "a script that leaves an attribute", ATTRIBUTE),
    Attack("formula", TABLE, "a formula, by the name of who handed in", WRONG, student="=GOT(1)"),
    Attack("formula-behind-a-semicolon", TABLE, "the same where a semicolon parts cells", WRONG, student="a;=GOT(2)"),
    Attack(
        "title-of-the-terminal",
        TERMINAL,
        "sequences that a terminal obeys, in what is reported",
        WRONG,
        tamper=escapes,
        fair=False,
    ),
    Attack(
        "name-that-turns", TERMINAL, "a name that is read from the right", WRONG, student="ada\u202etxt.x", fair=False
    ),
    Attack(
        "name-too-long", "crafted files", "a name for which no file can be named", WRONG, student="字" * 83, fair=False
    ),
    Attack("raises-half-a-letter", TERMINAL, "a reason that nobody can print", HALF),
    Attack("prints-half-a-letter", "crafted files", "an output that nobody can write", PRINTS),
)
