"""A module's quiz, solutions/NN-topic/quiz.toml: questions whose every answer is explained.

    [[question]]
    id = "dead-or-slow"
    text = "`payments` is killed. Why does the seat page stay quick?"

    [[question.option]]
    answer = "It does not ask `payments`"
    because = "What one who chose this was probably thinking. What the shop did."

    [[question.option]]
    answer = "A dead service refuses at once"
    right = true
    because = "…"

A lesson asks it with `<!-- quiz: dead-or-slow -->` on a line of its own. Explanations matter more than marks: feedback
that explains has an effect of 0.49, right or wrong alone one of 0.05 (Van der Kleij et al., RER 2015).
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from breakwater import toml

QUIZ = "quiz.toml"
ASKED = re.compile(r"^<!--\s*quiz:\s*(?P<id>\S+)\s*-->\s*$")
_SENTENCE_END = re.compile(r"[.?!…][”\"'*)]*(?=\s|$)")


def _one_paragraph(text: str) -> str:
    if not text.strip() or "\n\n" in text.strip():
        raise ValueError("it must be one paragraph, without a blank line")
    return " ".join(text.split())


def _two_sentences(text: str) -> str:
    if len(_SENTENCE_END.findall(text)) < 2:
        raise ValueError("two sentences are needed: what one who chose this was thinking, and what the shop did")
    return _one_paragraph(text)


Paragraph = Annotated[str, AfterValidator(_one_paragraph)]


class Option(toml.Table):
    """One answer, and why it is right or not."""

    answer: Paragraph
    right: bool = False
    because: Annotated[str, AfterValidator(_two_sentences)]


class Question(toml.Table):
    """One question. Its options are shown in the order of the file."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    text: Paragraph
    option: Annotated[tuple[Option, ...], Strict(False)]

    @model_validator(mode="after")
    def _one_is_right(self) -> Self:
        right = sum(option.right for option in self.option)
        if right != 1:
            raise ValueError(f"{right or 'no'} options of `{self.id}` are right, and one must be")
        if len(self.option) < 2:
            raise ValueError(f"`{self.id}` has one option, and a choice needs two")
        return self


class Quiz(toml.Table):
    """quiz.toml."""

    question: Annotated[tuple[Question, ...], Strict(False)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [question.id for question in self.question]
        for twice in {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"the id `{twice}` is given twice")
        return self


def read(file: Path) -> dict[str, Question]:
    """The questions of a quiz by their ids. Raises BadInput, one line with file and line."""
    return {question.id: question for question in toml.read(file, Quiz).question}


def asked(lesson: str) -> Iterator[tuple[int, str]]:
    """The questions that a lesson's text asks: line (from 1) and id."""
    for number, line in enumerate(lesson.splitlines(), 1):
        if found := ASKED.match(line):
            yield number, found["id"]


def to_markdown(question: Question) -> str:
    """The question, and below it each option, to be opened for its explanation: without a kernel or a script."""
    options = (
        f"<details><summary>{_inline(option.answer)}</summary>\n\n"
        f"**{'Yes' if option.right else 'No'}.** {option.because}\n\n</details>"
        for option in question.option
    )
    return "\n\n".join([f"**{question.text}** Open the answer that you would give.", *options])


def _inline(text: str) -> str:
    """Markdown as HTML, as far as a summary needs it: Markdown is not read there."""
    code = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", code)
