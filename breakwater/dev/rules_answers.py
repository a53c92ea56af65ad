"""Flaws and answers: what the naive shop does wrong is seen by a check, and each answer says what it is for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breakwater.checks.overlay import OURS
from breakwater.dev.content import Content, ModuleContent, line_of, read_toml
from breakwater.dev.finding import Finding, suggest
from breakwater.dev.patches import Patch, base_file, header_lines, read_patches, still_fits
from breakwater.dev.sources import read_checks
from breakwater.dev.variants import patch_applies

MUST = {"wrong": ("Why", "Misconception", "Loses"), "other": ("Why",)}
FLAWS = "solutions/flaws.toml"
FLAW_KEYS = ("id", "service", "module", "summary", "source", "checks", "awaits", "breaks")
NEEDED = FLAW_KEYS[:5]


def patches_say_why(module: ModuleContent) -> Iterator[Finding]:
    """Each answer has the header that its kind asks for, and what it names exists."""
    known = {check.id for check in read_checks(module) if check.id}
    for kind in MUST:
        for patch in read_patches(module, kind):
            yield from _header_faults(module, patch)
            yield from _names_faults(module, patch, known)


def _header_faults(module: ModuleContent, patch: Patch) -> Iterator[Finding]:
    for key, value, line in header_lines(patch.head):
        if key not in patch.keys:
            what = f"unknown key `{key}`" if key else f"a line that is no `Key: value`: {value[:40]!r}"
            remedy = suggest(f"a {patch.kind} answer has {', '.join(patch.keys)}", key, patch.keys)
            yield module.finding(patch.path, line, "patch-header", what, remedy)
    for key in MUST[patch.kind]:
        if not patch.header.get(key):
            remedy = f"write `{key}: …` above the first `diff --git`"
            yield module.finding(patch.path, 1, "patch-header", f"`{key}` is missing", remedy)


def _names_faults(module: ModuleContent, patch: Patch, known: set[str]) -> Iterator[Finding]:
    for key, names in (("Loses", patch.loses), ("May lose", patch.may_lose)):
        for name in names:
            if name not in known:
                line = line_of(patch.path, [f"{key}:"])
                remedy = suggest("name a check of this module", name, known)
                yield module.finding(patch.path, line, "patch-names", f"`{key}` names no check: `{name}`", remedy)
    for name in sorted(set(patch.loses) & set(patch.may_lose)):
        line = line_of(patch.path, ["May lose:"])
        what = f"`{name}` both must and may be lost"
        yield module.finding(patch.path, line, "patch-names", what, "name it once")


def patches_apply(module: ModuleContent) -> Iterator[Finding]:
    """Each answer applies to the reference as it is today, and touches only what is the learner's."""
    for kind in MUST:
        for patch in read_patches(module, kind):
            for file in patch.files:
                if file.partition("/")[0] in OURS:
                    what = f"it changes `{file}`, which is not the learner's"
                    yield module.finding(patch.path, 0, "not-theirs", what, "leave that file alone")
            if not still_fits(module, patch) and not patch_applies(module, patch):
                missing = [file for file in patch.files if base_file(module, file) is None]
                what = "it no longer applies to the reference" + (f" ({missing[0]} is gone)" if missing else "")
                yield module.finding(patch.path, 0, "patch-applies", what, f"course dev rebase {module.number}")


def flaws_are_seen(module: ModuleContent) -> Iterator[Finding]:
    """Each flaw that this module mends names checks of it that see it; a module without flaws mends nothing."""
    known = {check.id for check in read_checks(module) if check.id}
    file = module.root / FLAWS
    mine = [flaw for flaw in _flaws(module.root) if flaw.get("module") == module.id]
    for flaw in mine:
        for name in flaw.get("checks", ()):
            if name not in known:
                line = line_of(file, [f'"{flaw.get("id", "")}"'])
                what = f"flaw `{flaw.get('id')}` is seen by `{name}`, which is no check of {module.id}"
                yield module.finding(file, line, "flaw-check", what, suggest("name the check", name, known))
    if not mine:
        what, remedy = f"no flaw of the shop is mended by {module.id}", "list those that its checks see"
        yield module.finding(file, 0, "flaw-check", what, remedy)


def flaws_are_complete(content: Content) -> Iterator[Finding]:
    """solutions/flaws.toml: each flaw has its keys, an id of its own, a module of the course, and what sees it."""
    modules = {module.id: module.built for module in content.syllabus.modules}
    seen: set[str] = set()
    for flaw in _flaws(content.root):
        name = str(flaw.get("id", "?"))
        line = line_of(content.root / FLAWS, [f'"{name}"'])
        for what, remedy in _flaw_faults(flaw, name in seen, modules):
            yield Finding(FLAWS, line, "flaw-complete", f"flaw `{name}`: {what}", remedy)
        seen.add(name)


def _flaws(root: Path) -> list[dict[str, Any]]:
    flaws = read_toml(root / FLAWS).get("flaw", [])
    return [flaw for flaw in flaws if isinstance(flaw, dict)] if isinstance(flaws, list) else []


def _flaw_faults(flaw: dict[str, Any], twice: bool, modules: dict[str, bool]) -> Iterator[tuple[str, str]]:
    """`modules` says of each whether it is built."""
    for key in NEEDED:
        if not flaw.get(key):
            yield f"`{key}` is missing", f"write {key} = …"
    for key in flaw:
        if key not in FLAW_KEYS:
            yield f"unknown key `{key}`", suggest(f"write one of {', '.join(FLAW_KEYS)}", key, FLAW_KEYS)
    if twice:
        yield "it stands there twice", "give it an id of its own"
    module = str(flaw.get("module", ""))
    if module and module not in modules:
        yield f"module `{module}` is not in course.toml", suggest("name one", module, modules)
    if modules.get(module) and not flaw.get("checks") and not flaw.get("awaits"):
        yield f"no check sees it, and {module} is built", "name the `checks`, or the part that it `awaits`"
