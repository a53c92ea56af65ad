"""The files of a module: those that must be there, those that may, and what lab.toml says."""

from collections.abc import Iterator
from pathlib import Path

from breakwater import toml
from breakwater.bases import is_crumb
from breakwater.checks.overlay import OURS
from breakwater.dev.content import Content, ModuleContent, line_of
from breakwater.dev.finding import Finding, relative, split_message
from breakwater.dev.patches import read_patches
from breakwater.errors import BadInput
from breakwater.lab import Lab

LAB_FILES = ("lab.toml", "README.md", "hints.toml", "checks/test_*.py")
LAB_MAY = ("locustfile.py", "tools", "variants")
SOLUTION_FILES = ("lesson*.md", "boxoffice/**/*", "checks/test_*.py")
SOLUTION_MAY = ("hints.toml", "quiz.toml", "figures", "wrong", "other", "record.json", "goldens.json")
LEAST = {"wrong": 3, "other": 1}
PLACEHOLDER = "TO WRITE:"


def files_are_there(module: ModuleContent) -> Iterator[Finding]:
    """Each file that a module needs is there, and no other lies beside them."""
    for folder, must, may in (
        (module.lab, LAB_FILES, LAB_MAY),
        (module.solutions, SOLUTION_FILES, SOLUTION_MAY),
    ):
        yield from _missing(module, folder, must)
        yield from _unexpected(module, folder, must + may)
    for kind, least in LEAST.items():
        count = len(read_patches(module, kind))
        if count < least:
            what = f"{count} of at least {least} {kind} answers"
            remedy = f"write {least - count} more as {kind}/<name>.patch against the reference"
            yield module.finding(module.solutions / kind, 0, "answers-enough", what, remedy)


def _missing(module: ModuleContent, folder: Path, patterns: tuple[str, ...]) -> Iterator[Finding]:
    for pattern in patterns:
        if not any(path.is_file() for path in folder.glob(pattern)):
            yield module.finding(folder / pattern, 0, "file-missing", "there is no such file", "write it")


def _unexpected(module: ModuleContent, folder: Path, patterns: tuple[str, ...]) -> Iterator[Finding]:
    known = [pattern.partition("/")[0] for pattern in patterns]
    for path in sorted(folder.glob("*")):
        if not any(path.match(name) for name in known) and not is_crumb(Path(path.name)):
            what = f"`{path.name}` has no place in a module"
            yield module.finding(path, 0, "file-unexpected", what, f"remove it (known: {', '.join(known)})")


def lab_card_is_valid(module: ModuleContent) -> Iterator[Finding]:
    """lab.toml is a valid card of this module, and its outcomes are those of course.toml."""
    file = module.lab / "lab.toml"
    if not file.exists():
        return
    try:
        lab = toml.read(file, Lab)
    except BadInput as error:
        line, what = split_message(str(error))
        yield module.finding(file, line, "lab-toml", what, "mend lab.toml")
        return
    if lab.module != module.id:
        what = f"`module` is {lab.module!r}, and the folder is {module.id}"
        yield module.finding(file, line_of(file, ["module"]), "lab-toml", what, f'write module = "{module.id}"')
    known = Content(module.root).syllabus.find(module.id).outcomes
    for outcome in sorted(set(lab.outcomes) - set(known)):
        what = f"outcome `{outcome}` is not one of {module.id} in course.toml"
        yield module.finding(file, line_of(file, [outcome]), "outcome-known", what, "name one that is, or add it there")
    yield from _folders_exist(module, lab)


def _folders_exist(module: ModuleContent, lab: Lab) -> Iterator[Finding]:
    file = module.lab / "lab.toml"
    for key, names in (("services", lab.services), ("edits", lab.edits)):
        for name in names:
            if not (module.naive / name).exists() and not (module.reference / name).exists():
                what = f"`{key}` names `{name}`, which the shop does not have"
                remedy = "name a folder of labs/boxoffice"
                yield module.finding(file, line_of(file, [name]), "lab-toml", what, remedy)


def reference_stays_in_bounds(module: ModuleContent) -> Iterator[Finding]:
    """The reference changes what the lab says is edited, and never what is not the learner's."""
    edits = tuple(module.lab_table.get("edits", ()))
    for path in sorted(p for p in module.reference.glob("**/*") if p.is_file()):
        place = path.relative_to(module.reference)
        if is_crumb(place):
            continue
        if place.parts[0] in OURS:
            what = f"`{place.parts[0]}/` is not the learner's, and the reference changes it"
            yield module.finding(path, 0, "not-theirs", what, "remove the file")
        elif module.lab_table and not any(place.is_relative_to(folder) for folder in edits):
            what = f"the reference changes a file outside `edits` ({', '.join(edits) or 'empty'})"
            yield module.finding(path, 0, "reference-edits", what, "add its folder to `edits` in lab.toml")


def nothing_left_to_write(module: ModuleContent) -> Iterator[Finding]:
    """No placeholder of the scaffold is left."""
    for folder in (module.lab, module.solutions):
        for path in sorted(p for p in folder.glob("**/*") if p.suffix in {".toml", ".md", ".py", ".patch"}):
            yield from _placeholders(module, path)


def syllabus_is_written(content: Content) -> Iterator[Finding]:
    """No placeholder of the scaffold is left in course.toml."""
    return _placeholders(content, content.root / "course.toml")


def _placeholders(content: Content | ModuleContent, path: Path) -> Iterator[Finding]:
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if PLACEHOLDER in line:
            rest = line.partition(PLACEHOLDER)[2].strip(" .,\"'->#")
            yield Finding(relative(path, content.root), number, "to-write", f"still to write: {rest}", "write it")
