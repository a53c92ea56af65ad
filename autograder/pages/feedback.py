"""The page that a learner gets about a submission: what was seen, why, what proves it, and where it is taught.

Everything on it is public: of the judge's report it has the view that a learner may see (`public`), of a notebook what
nbgrader's page shows (`failures.shown`), and the points from the gradebook, a person's included.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from autograder import digest, pages, signing
from autograder.classroom import LAB, Classroom, write_whole
from autograder.gradebook import results
from autograder.gradebook.results import Mark, Question, Submission
from autograder.labs import public
from autograder.pages import failures, moments, teaching
from breakwater.errors import BadInput


def write(room: Classroom, module: str, student: str, said: dict[str, Any]) -> None:
    """Write a submission's pages, nbgrader's of each notebook and ours. `said` is the public view of its report.

    Raises:
        BadInput: the gradebook does not hold the submission.
        EngineTrouble: nbgrader fails.
    """
    from autograder import pipeline  # nbgrader comes with it, and that takes seconds
    from breakwater import lab

    found = results.read(room.gradebook, module, student).submissions
    if not found:
        raise BadInput(f"The gradebook holds nothing of {student}: grade first, with course grade {module[:2]}")
    pipeline.write_feedback(module, student)
    folder, autograded = room.feedback(module, student), room.autograded(module, student)
    books = dict.fromkeys(question.notebook for question in found[0].marks)
    notebooks = [_notebook(name, found[0], module, folder, autograded) for name in books if name != LAB]
    write_whole(folder / "index.html", render(lab.load(module).title, module, said, found[0], notebooks, folder))


def rewrite(room: Classroom, module: str, student: str) -> None:
    """Write a submission's pages anew, with the marks and words that a person has given since it was judged.

    Raises:
        NotOurs: it has not been judged as it is.
        BadInput, EngineTrouble: as `write`.
    """
    about = signing.Seal(student, module, digest.submission(room.submitted(module, student)))
    write(room, module, student, signing.unseal(room, about))


def render(
    title: str,
    module: str,
    said: dict[str, Any],
    submission: Submission,
    notebooks: list[dict[str, Any]],
    folder: Path,
) -> str:
    """The page, as HTML. `folder` is where it will lie: what is not there is not linked to."""
    lab = {question.name: (question, mark) for question, mark in submission.of_notebook(LAB).items()}
    rows = sorted(said["checks"], key=lambda row: row["hidden"])
    checks = [_check(row, module, lab.get(row["id"]), folder) for row in rows if _counts(row)]
    failed = [check for check in checks if check["verdict"] != "passed"]
    counted = [check for check in checks if check["max_points"]]
    waiting = sum(question.max_score for question, mark in submission.marks.items() if mark.score is None)
    most = sum(question.max_score for question in submission.marks)
    return pages.render(
        "feedback",
        title=title,
        module=module,
        student=submission.student.id,
        score=submission.score,
        max_score=most,
        earned_share=min(1.0, submission.score / most) if most else 0.0,
        waiting=waiting,
        waiting_share=waiting / most if most else 0.0,
        penalty=submission.penalty,
        late=span(submission.late_s),
        notes=said.get("notes", ()),
        checks=checks,
        passed=sum(check["verdict"] == "passed" for check in counted),
        counted=len(counted),
        told=[check for check in failed if not check["needs"]],
        untried=[check for check in failed if check["needs"]],
        held=[check for check in checks if check["verdict"] == "passed"],
        hidden=any(check["hidden"] for check in checks),
        notebooks=notebooks,
    )


def _counts(row: Mapping[str, Any]) -> bool:
    """Whether a check is worth a word: one without points is, once it did not pass."""
    return bool(row["max_points"]) or row["verdict"] != "passed"


def _check(row: dict[str, Any], module: str, marked: tuple[Question, Mark] | None, folder: Path) -> dict[str, Any]:
    """A check as the page shows it: the public row, and what leads on from there."""
    outcome = teaching.outcomes(module).get(row["outcome"])
    is_public, is_lost = not row["hidden"], row["verdict"] == "failed"
    needs = row["message"].partition(public.NEEDS)[2] if row["message"].startswith(public.NEEDS) else ""
    helps = teaching.hints_of(module, row["id"]) if is_public and is_lost and not needs else None
    places = (teaching.of_check(module, row["id"]) if is_public else ()) or (outcome.places if outcome else ())
    return row | {
        "title": row["sentence"].splitlines()[0] if is_public and row["sentence"] else f"Hidden check {row['id']}",
        "worth": _worth(*marked) if marked else _of(row["points"], row["max_points"]),
        "needs": needs,
        "message": _message(row, needs),
        "trouble": row["message"] if is_public else "",
        "bars": [_bar(measured, "" if is_public else "about ") for measured in row["measured"]],
        "proof": _proof(row["evidence"], row["id"]),
        "beliefs": helps.beliefs(f"{row['message']}\n{row['why']}") if helps else [],
        "hint": helps.hints[0] if helps and helps.hints else "",
        "command": row["next"].partition("  ")[0],
        "outcome": outcome.sentence if outcome else row["outcome"],
        "places": [_linked(place, folder) for place in places] if row["verdict"] != "passed" else [],
    }


def _message(row: Mapping[str, Any], needs: str) -> str:
    if needs:
        return f"It was not tried: it needs “{needs}”, which did not pass."
    return f"It {row['message']}." if row["hidden"] and row["verdict"] == "failed" else str(row["message"])


def _bar(measured: Mapping[str, Any], about: str) -> dict[str, Any]:
    """A measured quantity and its bound, as lengths of 100."""
    value, bound, unit = measured["value"], measured["bound"], measured["unit"]
    whole = max(value, bound, 1e-9) * 1.12
    word = "allowed" if measured["at_most"] else "needed"
    return {
        "what": measured["what"],
        "value": f"{about}{value:.{1 if value >= 1 else 2}f} {unit}",
        "bound": f"{word}: {bound:.1f} {unit}",
        "holds": value <= bound if measured["at_most"] else value >= bound,
        "length": max(0.0, value) / whole * 100,
        "limit": max(0.0, bound) / whole * 100,
    }


def _proof(lines: Sequence[str], check: str) -> list[dict[str, Any]]:
    """The evidence: an interleaving with its moments, and drawn; other lines together, as they are."""
    proof: list[dict[str, Any]] = []
    for line in lines:
        if found := moments.events(line):
            proof.append({"moments": found, "picture": moments.picture(found, f"What {check} saw")})
        elif proof and "text" in proof[-1]:
            proof[-1]["text"] += f"\n{line}"
        else:
            proof.append({"text": line, "moments": []})
    return proof


def _linked(place: teaching.Place, folder: Path) -> dict[str, str]:
    href = _page(folder, place.notebook)
    return {
        "says": place.says,
        "paper": place.paper,
        "href": f"{href}#{_anchor(place.heading)}" if href else "",
    }


def _page(folder: Path, notebook: str) -> str:
    """How to name nbgrader's page of a notebook; empty where there is none."""
    return f"{notebook}.html" if notebook and (folder / f"{notebook}.html").is_file() else ""


def _anchor(heading: str) -> str:
    """The name that nbconvert gives to a heading."""
    from nbconvert.filters.strings import add_anchor

    html = str(add_anchor(f"<h2>{escape(heading)}</h2>"))  # type: ignore[no-untyped-call]
    return html.partition('id="')[2].partition('"')[0]


def _notebook(name: str, submission: Submission, module: str, folder: Path, autograded: Path) -> dict[str, Any]:
    marks = {question: mark for question, mark in submission.of_notebook(name).items() if question.max_score}
    said = failures.shown(autograded / f"{name}.ipynb")
    lesson = teaching.lessons(module).get(name)
    page = _page(folder, name)
    return {
        "title": lesson.title if lesson else name,
        "href": page,
        "score": sum(mark.score or 0.0 for mark in marks.values()),
        "max_score": sum(question.max_score for question in marks),
        "questions": list(_questions(marks, said, lesson.sections if lesson else {}, page)),
    }


def _questions(
    marks: Mapping[Question, Mark], said: Mapping[str, str], sections: Mapping[str, str], page: str
) -> Iterator[dict[str, str]]:
    for question, mark in marks.items():
        verdict = _verdict(question, mark)
        section = sections.get(question.name)
        yield {
            "title": section or question.name,
            "name": question.name,
            "href": f"{page}#{question.name}" if page else "",
            "verdict": verdict,
            "worth": _worth(question, mark),
            "says": said.get(question.name, "") if verdict in ("failed", "partly") else "",
            "comment": mark.comment,
        }


def _verdict(question: Question, mark: Mark) -> str:
    if mark.score is None:
        return "waiting"
    if mark.score >= question.max_score:
        return "passed"
    return "partly" if mark.score > 0 else "failed"


def _worth(question: Question, mark: Mark) -> str:
    if mark.score is None:
        return f"waits for a person, of {question.max_score:g} points"
    return _of(mark.score, question.max_score)


def _of(points: float, most: float) -> str:
    return f"{round(points, 2):g} of {most:g} points" if most else ""


def span(seconds: float) -> str:
    """A span of time as one says it: `3 h`, `2 days`."""
    for unit, length_s in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"
