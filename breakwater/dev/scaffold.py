"""`course dev new 14-topic`: the files of a module, so that what is left is to write it.

The lab runs at once: its check buys a ticket on a sunny day. Every text that waits for its author says `TO WRITE:`,
and `course dev check` lists those, beside the answers that are still missing.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from breakwater.dev.content import Content
from breakwater.dev.finding import relative
from breakwater.dev.rules_layout import PLACEHOLDER
from breakwater.errors import BadInput

_ID = re.compile(r"\d\d-[a-z]+(-[a-z]+)*")

ENTRY = """\
[[modules]]
id = "$id"
title = "$title"
summary = "$todo what the module is about, in a sentence."
hours = 8
weight = 0
[modules.outcomes]
"$topic.first" = "$todo what one who took it can do."

"""

LAB_TOML = """\
title = "$title"
module = "$id"
outcomes = ["$topic.first"]
minutes = 90
prerequisites = []
out_of_scope = []
services = ["gateway", "orders", "payments"]
edits = ["orders"]

[budgets]
answer_s = 2.5
"""

GUIDE = """\
# $title

<!-- $todo what breaks, and how to see it; what to mend, and where. -->

## What the checks hold you to

<!-- $todo the budgets of lab.toml in words, with their units. -->
"""

HINTS = """\
# Four hints a check, from a question that points at the evidence to one way of mending it. Never the code.

[sunny-day]
hints = [
    "$todo a question that points at the evidence.",
    "$todo the mechanism.",
    "$todo the place.",
    "$todo one way.",
]
"""

CHECKS = '''\
"""What module $number asks of a shop, for the learner to see."""

import pytest


@pytest.mark.check("sunny-day")
@pytest.mark.points(1, outcome="$topic.first")
async def test_a_buyer_gets_a_seat(shop):
    """$todo what a right shop does, in the sentence that the learner reads."""
    answer = await shop.buy()
    assert answer.status == 201, f"a buyer on a sunny day was told {answer.told}"
'''

HIDDEN = '''\
"""What module $number asks of a shop, with inputs that nobody can know beforehand."""

import pytest


@pytest.mark.check("$number-h1")
@pytest.mark.points(1, outcome="$topic.first")
async def test_some_buyer_gets_a_seat(shop, seed):
    """$todo what a right shop does, in the sentence that the learner reads."""
    for purchase in range(seed.randint(2, 4)):
        answer = await shop.buy()
        assert answer.status == 201, f"buyer {purchase + 1} on a sunny day was told {answer.told}"
'''

LESSON = """\
# $title

<!-- $todo something that happened, with its numbers, and the puzzle in it. -->

## What you already know

<details><summary>$todo a question from an earlier module</summary>

<!-- $todo its answer. -->

</details>

## Guess first

<!-- $todo what is about to be run, and what to guess. -->

```python tags=["show"]
from breakwater import predict, shop

predict("first-guess", None, unit="s")
```

## Break it

```python tags=["show"]
shop.up()
with shop.slow("orders", "payments", latency_s=2):
    told = shop.buy()
told
```

```python tags=["show"]
predict.compare("first-guess", told.elapsed_s)
shop.trace()
```

## What happened

<!-- $todo the mechanism, drawn and said in a sentence, then its term, its source and its price. -->

## Two mends

<!-- $todo both, what each costs as measured here, and when not to. -->

## Your turn

```python exercise="first-exercise"
def first_exercise() -> int:
    \"\"\"$todo what it returns.\"\"\"
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION
```

```python test="first-exercise-public" points=1
assert first_exercise() == 1, f"you returned {first_exercise()}"
```

```python test="first-exercise-hidden" points=1
### BEGIN HIDDEN TESTS
assert first_exercise() > 0, "it is not above zero"
### END HIDDEN TESTS
```

## Your shop, a fault that no check tried

<!-- #region answer="own-shop" points=3 -->
$todo a question about the learner's own shop.

### BEGIN MARK SCHEME
$todo what earns each point.
### END MARK SCHEME
<!-- #endregion -->

## A paper, and one question

<!-- $todo the paper, and the question to bring an answer to. -->
"""


def scaffold(root: Path, name: str) -> list[str]:
    """Write the files of module `name` (`14-topic`) and its entry in course.toml; return their names.

    Raises BadInput where the name is no id, or is taken.
    """
    _refuse(root, name)
    number, _, topic = name.partition("-")
    title = topic.replace("-", " ").capitalize()
    words = {"id": name, "number": number, "topic": topic, "title": title, "todo": PLACEHOLDER}
    for path, text in _files(root, name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
    course = root / "course.toml"
    course.write_text(_with_entry(course.read_text(encoding="utf-8"), Template(ENTRY).substitute(words)), "utf-8")
    return [relative(path, root) for path, _ in _files(root, name)] + ["course.toml"]


def _files(root: Path, name: str) -> Iterator[tuple[Path, str]]:
    lab, solutions = root / "labs" / name, root / "solutions" / name
    yield lab / "lab.toml", LAB_TOML
    yield lab / "README.md", GUIDE
    yield lab / "hints.toml", HINTS
    yield lab / "checks" / "test_public.py", CHECKS
    yield solutions / "checks" / "test_hidden.py", HIDDEN
    yield solutions / "lesson.md", LESSON


def _refuse(root: Path, name: str) -> None:
    if not _ID.fullmatch(name):
        raise BadInput(f"`{name}` is no module id: two digits, a hyphen, small letters, as in 14-topic.")
    for module in Content(root).modules():
        if module.number == name[:2]:
            raise BadInput(f"{module.id} has the number {name[:2]} already: choose another one.")
    for folder in ("labs", "solutions", "modules"):
        if (root / folder / name).exists():
            raise BadInput(f"{folder}/{name} exists already: remove it, or choose another name.")


def _with_entry(text: str, entry: str) -> str:
    """course.toml with the entry after the last module, which is before the first table that is none."""
    last = text.rfind("[[modules]]")
    after = re.search(r"^\[(?!\[?modules\b)", text[max(last, 0) :], re.MULTILINE)
    if not after:
        return f"{text.rstrip()}\n\n{entry.rstrip()}\n"
    place = max(last, 0) + after.start()
    return text[:place] + entry + text[place:]
