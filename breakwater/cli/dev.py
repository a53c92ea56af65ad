"""`course dev`: for those who write modules. The content contract, its record, and scaffolds."""

from typing import TYPE_CHECKING, Annotated

import typer

from breakwater.cli._out import console, note, print_json
from breakwater.errors import BadInput

if TYPE_CHECKING:
    from breakwater.dev.content import Content, ModuleContent
    from breakwater.dev.finding import Finding

NAME = Annotated[str, typer.Argument(metavar="NN", help="a module: 09, resilience or 09-resilience")]
SEED = Annotated[str, typer.Option(help="what hidden checks draw from")]
# The same from run to run, because goldens hold what was said about what was drawn.
ANY_SEED = "course-dev"
JSON = Annotated[bool, typer.Option("--json", help="print the findings as JSON")]

app = typer.Typer(no_args_is_help=True, help="Write modules: hold the content contract, record, scaffold, rebase.")


def register(parent: typer.Typer) -> None:
    """Add `course dev …`."""
    parent.add_typer(app, name="dev")


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="[NN]", help="a module: 09, resilience or 09-resilience")] = "",
    every: Annotated[bool, typer.Option("--all", help="every module that is built")] = False,
    static: Annotated[bool, typer.Option("--static", help="only what reading files finds, in under a second")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="run no answers whose record still holds")] = False,
    only: Annotated[list[str], typer.Option(help="run only this shop: naive, reference, wrong/NAME …")] = [],  # noqa: B006
    seed: SEED = ANY_SEED,
    json: JSON = False,
) -> None:
    """Hold the content contract: one line a finding; 0 clean, 1 findings."""
    from breakwater.dev.content import Content
    from breakwater.dev.static import check_course

    content = Content()
    modules = _chosen(content, name, every)
    found = check_course(content, modules)
    if not static:
        found += _full_half(modules, seed, changed, only)
    _report(modules, found, json)


@app.command()
def record(
    name: NAME,
    runs: Annotated[int, typer.Option(min=1, help="how many times to run everything, each with its own seed")] = 1,
    seed: SEED = ANY_SEED,
    json: JSON = False,
) -> None:
    """Run the full half and write record.json and goldens.json: kill matrix, margins, verdicts given.

    Broken off, or begun again after a finding was mended, it runs only what no longer is as it was.
    """
    from breakwater.dev.content import Content
    from breakwater.dev.kept import Kept
    from breakwater.dev.proof import prove_module
    from breakwater.dev.record import summary, write_record
    from breakwater.dev.rules_generated import margins_are_wide

    module = Content().find(name)
    found: list[Finding] = []
    for run in range(1, runs + 1):
        drawn_from = seed if run == 1 else f"{seed}-{run}"
        kept = Kept(module, drawn_from)
        is_counted = kept.begin()
        proof = prove_module(module, seed=drawn_from, kept=kept, say=note)
        found += proof.findings
        try:
            note(f"{module.id}: {summary(write_record(proof, is_counted=is_counted))}")
            kept.end(clean=not proof.findings and not list(margins_are_wide(module)))
        except BadInput as error:
            found.append(module.finding(module.record, 0, "record-current", str(error), "run it again"))
    _report([module], [*found, *margins_are_wide(module)], json)


@app.command()
def new(name: Annotated[str, typer.Argument(metavar="NN-topic", help="the new module's id, for ever")]) -> None:
    """Scaffold a module: its folders and its entry in course.toml."""
    from breakwater.dev.content import Content
    from breakwater.dev.scaffold import scaffold

    for path in scaffold(Content().root, name):
        console.print(f"wrote {path}", markup=False, soft_wrap=True)
    console.print(f"What is left to write: course dev check {name.partition('-')[0]} --static", soft_wrap=True)


@app.command()
def rebase(name: NAME) -> None:
    """Carry the module's patches over to the reference as it is now, three-way, and rewrite them."""
    from breakwater.dev.content import Content
    from breakwater.dev.rebase import rebase_patches

    module = Content().find(name)
    _report([module], rebase_patches(module, say=note), False)


@app.command()
def render(
    check: Annotated[bool, typer.Option("--check", help="write nothing; 1 if a page is stale")] = False,
    record: Annotated[bool, typer.Option("--record", help="first run anew what is shown of real runs")] = False,
    json: Annotated[bool, typer.Option("--json", help="print the pages that were stale as JSON")] = False,
) -> None:
    """Write the site's pages that are made: from registries, labs, lessons and recorded runs."""
    from breakwater.dev import pages
    from breakwater.dev.content import Content
    from breakwater.dev.pages import _recordings

    root = Content().root
    if record and check:
        raise BadInput("--check writes nothing and --record does: give one of them.")
    if record:
        _recordings.record(note)
    changed = pages.stale(root) if check else pages.render(root)
    if json:
        print_json({"stale": changed})
    else:
        for path in changed:
            console.print(f"{path} is stale: course dev render" if check else f"wrote {path}", soft_wrap=True)
        if not changed:
            console.print("Every page is as it would be made now.")
    if check and changed:
        raise typer.Exit(1)


def _chosen(content: "Content", name: str, every: bool) -> "list[ModuleContent]":
    if bool(name) == every:
        raise BadInput("Name one module, or all of them: course dev check 09, or: course dev check --all")
    return content.modules(built=True) if every else [content.find(name)]


def _full_half(modules: "list[ModuleContent]", seed: str, changed: bool, only: list[str]) -> "list[Finding]":
    from breakwater.dev.judge import compare_goldens
    from breakwater.dev.margins import margins, thin
    from breakwater.dev.proof import prove_module
    from breakwater.dev.record import is_current, read_goldens, remember_first_runs

    found: list[Finding] = []
    for module in modules:
        is_proved = changed and not only and is_current(module)
        shops = ["naive", "reference"] if is_proved else only
        proof = prove_module(module, seed=seed, only=shops, alone=not is_proved, say=note)
        remember_first_runs(proof)
        found += proof.findings
        if not is_proved:  # else the margins are in the record, and were measured with care
            found += thin(module, margins(proof.reports))
        goldens = read_goldens(module)
        for variant, report in proof.reports if goldens else ():
            found += compare_goldens(module, variant, report, goldens)
    return found


def _report(modules: "list[ModuleContent]", found: "list[Finding]", json: bool) -> None:
    if json:
        data = {"modules": [m.id for m in modules], "findings": [f.to_json() for f in found]}
        print_json(data)
    else:
        for finding in found:
            console.print(str(finding), markup=False, soft_wrap=True)
        names = ", ".join(module.id for module in modules) or "nothing is built"
        console.print(f"{names}: {len(found) or 'no'} finding{'' if len(found) == 1 else 's'}", soft_wrap=True)
    if found:
        raise typer.Exit(1)
