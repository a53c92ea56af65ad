"""Checks and hints: what a learner reads, and what a grade hangs on, is written out and complete."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from pydantic import RootModel

from breakwater import toml
from breakwater.checks.hints import Hints
from breakwater.dev.content import ModuleContent, line_of, read_toml
from breakwater.dev.finding import Finding, split_message, suggest
from breakwater.dev.sources import CheckSource, check_files, parse, read_checks
from breakwater.errors import BadInput


class HintsFile(RootModel[dict[str, Hints]]):
    """hints.toml: a table a check."""


BUILT_IN = ("starts",)
HINTS = 4
_KEBAB = re.compile(r"[a-z]+(-[a-z0-9]+)*")
_SENTENCE = re.compile(r"[A-Z0-9][^\n]*[.?]")


def checks_state_themselves(module: ModuleContent) -> Iterator[Finding]:
    """Each check has an id, points, an outcome of its lab and a sentence; what it needs exists."""
    checks = read_checks(module)
    known = {check.id for check in checks if check.id} | set(BUILT_IN)
    for check in checks:
        for rule, what, remedy in _faults(module, check, known):
            yield module.finding(check.file, check.line, rule, f"{check.function}: {what}", remedy)
    for name, times in Counter(check.id for check in checks if check.id).items():
        if times > 1:
            second = [check for check in checks if check.id == name][1]
            what = f"the id `{name}` is taken by another check"
            yield module.finding(second.file, second.line, "check-id", what, "give it an id of its own")


def _faults(module: ModuleContent, check: CheckSource, known: set[str]) -> Iterator[tuple[str, str, str]]:
    yield from _id_faults(module, check)
    if not check.points or check.points <= 0:
        yield "check-points", "no points", "add @pytest.mark.points(N, outcome=…) with a positive number written out"
    outcomes = module.lab_table.get("outcomes", [])
    if not check.outcome:
        yield "check-outcome", "no outcome", "add outcome=… to @pytest.mark.points"
    elif module.lab_table and check.outcome not in outcomes:
        remedy = suggest("name one that is", check.outcome, outcomes)
        yield "check-outcome", f"outcome `{check.outcome}` is not in lab.toml", remedy
    if not _SENTENCE.fullmatch(check.sentence.partition("\n\n")[0].replace("\n", " ")):
        remedy = "say in one docstring sentence what a right shop does; the learner reads it"
        yield "check-sentence", "no docstring sentence", remedy
    for name in check.needs:
        if name not in known:
            yield "check-needs", f"needs `{name}`, which is no check", suggest("name a check", name, known)


def _id_faults(module: ModuleContent, check: CheckSource) -> Iterator[tuple[str, str, str]]:
    if check.id is None:
        yield "check-id", "no id", 'add @pytest.mark.check("a-short-name")'
    elif check.hidden and not re.fullmatch(rf"{module.number}-h\d+", check.id):
        yield "check-id", f"the hidden id `{check.id}` tells what is tested", f"call it {module.number}-h1, -h2 …"
    elif not check.hidden and not _KEBAB.fullmatch(check.id):
        yield "check-id", f"`{check.id}` is not kebab-case", "use small letters, digits and hyphens"


def asserts_explain(module: ModuleContent) -> Iterator[Finding]:
    """Each assert in a file of checks has a message, and each file can be read."""
    for hidden in (False, True):
        for file in check_files(module, hidden=hidden):
            source = parse(file)
            if source.error:
                yield module.finding(file, source.error[0], "check-syntax", source.error[1], "mend the file")
            for part in source.tree.body:
                if isinstance(part, ast.ClassDef) and part.name.startswith("Test"):
                    what = f"`{part.name}` is a class of checks"
                    yield module.finding(file, part.lineno, "check-function", what, "write each check as a function")
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Assert) and node.msg is None:
                    remedy = "state the behaviour that was seen, with numbers and units"
                    yield module.finding(file, node.lineno, "assert-message", "an assert without a message", remedy)


def hints_climb(module: ModuleContent) -> Iterator[Finding]:
    """Four hints for each public check in labs/, none for a hidden or unknown one there; hidden ones in solutions/."""
    public = [check.id for check in read_checks(module, hidden=False) if check.id]
    hidden = [check.id for check in read_checks(module, hidden=True) if check.id]
    file = module.lab / "hints.toml"
    yield from _readable(module)
    tables = read_toml(file)
    for name in public:
        count = len(_hints(tables.get(name)))
        if file.exists() and count != HINTS:
            what = f"{count} of {HINTS} hints for `{name}`"
            remedy = "write a question, the mechanism, the place, one way"
            yield module.finding(file, line_of(file, [f"[{name}"]), "hints-four", what, remedy)
    for name in tables:
        if name in hidden:
            remedy = f"move them to solutions/{module.id}/hints.toml"
            yield module.finding(file, line_of(file, [name]), "hints-hidden", f"hints for hidden `{name}`", remedy)
    yield from _unknown_hints(module, public, hidden)


def _readable(module: ModuleContent) -> Iterator[Finding]:
    for folder in (module.lab, module.solutions):
        file = folder / "hints.toml"
        try:
            if file.exists():
                toml.read(file, HintsFile)
        except BadInput as error:
            line, what = split_message(str(error))
            yield module.finding(file, line, "hints-toml", what, "mend hints.toml")


def _unknown_hints(module: ModuleContent, public: list[str], hidden: list[str]) -> Iterator[Finding]:
    for folder, known in ((module.lab, [*public, *hidden]), (module.solutions, hidden)):
        file = folder / "hints.toml"
        for name in read_toml(file):
            if name not in known:
                remedy = suggest("name a check of this module", name, known)
                yield module.finding(
                    file, line_of(file, [name]), "hints-known", f"hints for no check: `{name}`", remedy
                )


def _hints(table: object) -> list[str]:
    """The non-empty hints of one table of hints.toml."""
    hints = table.get("hints", []) if isinstance(table, dict) else []
    return [hint for hint in hints if isinstance(hint, str) and hint.strip()]
