"""The static half: every rule that can be held by reading files. Under a second, so nothing heavy is imported."""

from collections.abc import Callable, Iterable, Iterator

from breakwater.dev import rules_answers, rules_checks, rules_generated, rules_layout, rules_lessons, rules_quiz
from breakwater.dev.content import Content, ModuleContent
from breakwater.dev.finding import Finding

Rule = Callable[[ModuleContent], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    rules_layout.files_are_there,
    rules_layout.lab_card_is_valid,
    rules_layout.reference_stays_in_bounds,
    rules_layout.nothing_left_to_write,
    rules_checks.asserts_explain,
    rules_checks.checks_state_themselves,
    rules_checks.hints_climb,
    rules_answers.patches_say_why,
    rules_answers.patches_apply,
    rules_answers.flaws_are_seen,
    rules_lessons.lessons_are_commonmark,
    rules_lessons.exercises_have_tests,
    rules_lessons.shown_cells_give_nothing_away,
    rules_lessons.parts_are_in_order,
    rules_lessons.predictions_come_first,
    rules_lessons.reading_is_short,
    rules_lessons.links_lead_somewhere,
    rules_quiz.quiz_is_whole,
    rules_generated.notebooks_are_current,
    rules_generated.lab_notebook_is_current,
    rules_generated.record_is_current,
)
COURSE_RULES: tuple[Callable[[Content], Iterator[Finding]], ...] = (
    rules_layout.syllabus_is_written,
    rules_answers.flaws_are_complete,
    rules_generated.pages_are_current,
)


def check_module(module: ModuleContent) -> list[Finding]:
    """All breaches of one module that reading finds, by file and line."""
    return sorted({finding for rule in RULES for finding in rule(module)})


def check_course(content: Content, modules: Iterable[ModuleContent]) -> list[Finding]:
    """The breaches of these modules and of what belongs to no module."""
    found = [finding for module in modules for finding in check_module(module)]
    return found + [finding for rule in COURSE_RULES for finding in rule(content)]
