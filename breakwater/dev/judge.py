"""Comparing what the checks said about a variant with what was promised of it."""

from collections.abc import Collection, Iterator

from breakwater.checks.verdict import CheckResult, Report, Verdict
from breakwater.dev.content import ModuleContent
from breakwater.dev.finding import Finding
from breakwater.dev.mask import mask
from breakwater.dev.sources import read_checks
from breakwater.dev.variants import Variant

Golden = dict[str, str | float]
Goldens = dict[str, dict[str, list[Golden]]]
NEEDS = "needs:"


def expected(variant: Variant, check: CheckResult) -> set[Verdict]:
    """The verdicts that were promised: one, or, for what a wrong answer may lose, two."""
    if variant.kind == "naive":
        return {Verdict.FAILED if check.max_points > 0 else Verdict.PASSED}
    if variant.patch and check.id in variant.patch.loses:
        return {Verdict.FAILED}
    if variant.patch and check.id in variant.patch.may_lose:
        return {Verdict.FAILED, Verdict.PASSED}
    return {Verdict.PASSED}


def judge(module: ModuleContent, variant: Variant, report: Report, select: Collection[str] = ()) -> Iterator[Finding]:
    """Every check of the report against its promise, and every check that was to run against the report.

    Those of `select` were; all of the module's where that is empty.
    """
    for check in report.checks:
        if check.verdict not in expected(variant, check):
            yield _broken(module, variant, check)
        elif variant.kind == "naive" and check.verdict is Verdict.FAILED and check.message.startswith(NEEDS):
            what = f"naive: {check.id} was not judged itself ({check.message})"
            yield _at(module, check.id, "naive-fails", what, "make what it needs pass on the naive shop")
    ran = {check.id for check in report.checks}
    for source in read_checks(module):
        if source.id and source.id not in ran and (not select or source.id in select):
            what = f"{variant.name}: {source.id} gave no verdict"
            yield module.finding(source.file, source.line, "check-ran", what, "see that pytest collects it")


def _broken(module: ModuleContent, variant: Variant, check: CheckResult) -> Finding:
    what = f"{variant.name}: {check.id} {check.verdict.value} ({check.message})"
    if check.verdict is Verdict.UNKNOWN:
        return _at(module, check.id, "unknown", what, "mend the check, its fixture or the engine")
    if variant.kind == "naive":
        remedy = "a check of this lab fails on the naive shop" if check.max_points else "the naive shop must start"
        return _at(module, check.id, "naive-fails", what, remedy)
    if variant.patch is None:
        return module.finding(module.reference, 0, "reference-passes", what, "mend the reference, or the check")
    if variant.kind == "other":
        remedy = "the check asks for one design, or this one is not right: mend either"
        return module.finding(variant.patch.path, 0, "other-passes", what, remedy)
    if check.verdict is Verdict.PASSED:
        remedy = "sharpen the check; or, if the answer is right there, correct `Loses`"
        return module.finding(variant.patch.path, 0, "wrong-loses", what, remedy)
    remedy = "find out why; if the answer does lose it, name it in `Loses` or `May lose`"
    return module.finding(variant.patch.path, 0, "wrong-loses-only", what, remedy)


def _at(module: ModuleContent, name: str, rule: str, what: str, remedy: str) -> Finding:
    for source in read_checks(module):
        if source.id == name:
            return module.finding(source.file, source.line, rule, what, remedy)
    return module.finding(module.lab, 0, rule, what, remedy)


def golden_of(check: CheckResult) -> Golden:
    """What a golden keeps of a verdict."""
    return {"verdict": check.verdict.value, "points": check.points, "message": mask(check.message)}


def _masked(golden: Golden) -> Golden:
    """A golden as it would be recorded today: the mask may have learned something since."""
    return {**golden, "message": mask(str(golden["message"]))}


def compare_goldens(module: ModuleContent, variant: Variant, report: Report, goldens: Goldens) -> Iterator[Finding]:
    """Each verdict against those that were recorded, except for what a wrong answer may lose: chance is in that."""
    known = goldens.get(variant.name)
    if known is None:
        what = f"{variant.name} has no goldens"
        yield module.finding(module.goldens, 0, "golden", what, f"course dev record {module.number}")
        return
    for check in report.checks:
        seen, now = [_masked(one) for one in known.get(check.id, [])], golden_of(check)
        if now not in seen and len(expected(variant, check)) == 1:
            what = f"{variant.name}: {check.id} now says {now['verdict']}, {now['points']:g} points, {now['message']!r}"
            remedy = f"if that is better, course dev record {module.number}"
            yield module.finding(module.goldens, 0, "golden", what, remedy)
