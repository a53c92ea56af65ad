"""The quiz: what it asks is well formed, every question of it is asked, and nothing is asked that it does not hold."""

from collections.abc import Iterator

from breakwater.dev import quiz
from breakwater.dev.content import ModuleContent, line_of
from breakwater.dev.finding import Finding, split_message, suggest
from breakwater.errors import BadInput


def quiz_is_whole(module: ModuleContent) -> Iterator[Finding]:
    """quiz.toml can be read; lessons ask its questions, all of them and no others."""
    file = module.solutions / quiz.QUIZ
    try:
        questions = quiz.read(file) if file.is_file() else {}
    except BadInput as error:
        line, what = split_message(str(error))
        yield module.finding(file, line, "quiz-toml", what, f"mend {quiz.QUIZ}")
        return
    asked = set()
    for lesson in module.lessons:
        for number, name in quiz.asked(lesson.read_text(encoding="utf-8")):
            asked.add(name)
            if name not in questions:
                remedy = suggest(f"write it in {quiz.QUIZ}, or name one that is there", name, questions)
                yield module.finding(lesson, number, "quiz-known", f"there is no question `{name}`", remedy)
    for name in questions:
        if name not in asked:
            remedy = f"put <!-- quiz: {name} --> into a lesson, or remove the question"
            line = line_of(file, [f'id = "{name}"'])
            yield module.finding(file, line, "quiz-asked", f"no lesson asks `{name}`", remedy)
