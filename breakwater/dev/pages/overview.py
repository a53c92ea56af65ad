"""The syllabus, from course.toml and the labs' cards."""

from collections.abc import Iterator

from breakwater import lab, paths, syllabus
from breakwater.dev.pages import NOTE, table
from breakwater.dev.pages.navigation import pages_of
from breakwater.syllabus import Module, Syllabus

PATH = "syllabus.md"

INTRO = f"""\
# Syllabus

{NOTE.format(source="course.toml and the labs' lab.toml")}

The modules, in the order in which they are taken. Each brings weather to the same shop, and what you mend stays
mended: in the capstone it is your own shop that goes through the sale. *Share* is a module's part of the course's
grade, and *hours* are a learner's, lessons and lab together.
"""


def text() -> str:
    """The whole page."""
    course = syllabus.load()
    whole = (sum(each.hours for each in course.modules), sum(each.weight for each in course.modules))
    total = ("", "**all**", "", *_numbers(*whole))
    rows = [*map(_line, course.modules), total]
    parts = [INTRO.strip(), table(("", "module", "can be taken", "hours", "share"), rows)]
    parts += [_module(course, module) for module in course.modules]
    return "\n\n".join([*parts, *_deadlines(course)]) + "\n"


def _line(module: Module) -> tuple[str, ...]:
    state = "**yes**" if module.built else "not yet"
    return (f"[{module.number}](#{anchor(module)})", module.title, state, *_numbers(module.hours, module.weight))


def _numbers(hours: float, weight: float) -> tuple[str, str]:
    return f"{hours:g}", f"{weight:g} %"


def _module(course: Syllabus, module: Module) -> str:
    tracks = [track.title for track in course.tracks if module.id in track.modules]
    parts = [
        f"## {module.number} {module.title} {{ #{anchor(module)} }}",
        module.summary,
        table(("who took it can", "outcome"), [(sentence, f"`{name}`") for name, sentence in module.outcomes.items()]),
    ]
    if any(pages_of(module)):
        parts.append(_way(module))
    if tracks:
        parts.append(f"Matters most to: {', '.join(tracks)}.")
    return "\n\n".join(parts)


def _way(module: Module) -> str:
    """The lessons and the lab, in order, with what the lab asks for beforehand and leaves out."""
    steps = [f"1. [{name}]({path})" for name, path in pages_of(module)]
    parts = ["\n".join(steps)]
    if (paths.LABS / module.id / "lab.toml").is_file():
        card = lab.load(module.id)
        parts.append(f"The lab takes about {card.minutes} minutes.")
        parts += [f"You need: {'; '.join(card.prerequisites)}."] if card.prerequisites else []
        parts += [f"Out of scope: {'; '.join(card.out_of_scope)}."] if card.out_of_scope else []
    return "\n\n".join(parts)


def _deadlines(course: Syllabus) -> Iterator[str]:
    late = course.deadlines
    yield "## When it is late"
    yield (
        f"An instructor sets the dates. Within {late.grace_hours:g} hours after one, nothing is lost; then "
        f"{late.late_percent_per_day:g} % of the points for each day; and after {late.late_days_at_most:g} days "
        "nothing is taken."
    )


def anchor(module: Module) -> str:
    return f"module-{module.number}"
