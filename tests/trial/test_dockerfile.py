"""What a learner's Dockerfile may say, and that what BuildKit gets is what was held."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater import paths
from breakwater.engines.trial import allowed
from breakwater.engines.trial.dockerfile import Instruction, parse, printed
from breakwater.errors import BadInput

FROM = "FROM python:3.13-slim\n"


def held(text: str) -> list[Instruction]:
    instructions = parse(text, "orders/Dockerfile")
    allowed.hold(instructions, "orders/Dockerfile")
    return instructions


ALLOWED = {
    "stages": "FROM python:3.13-slim AS build\nRUN make\nFROM scratch\nCOPY --from=build /x /x\nCOPY --from=0 /y /y\n",
    "the context of wheels": f"{FROM}COPY --from=wheels /wheels /w\n",
    "a stage of that name": f"FROM python:3.13-slim AS wheels\nRUN pip wheel x\n{FROM}COPY --from=wheels /wheels /w\n",
    "a bind mount": f"{FROM}RUN --mount=type=bind,from=wheels,source=/wheels,target=/w pip install x\n",
    "a mount of the context": f"{FROM}RUN --mount=source=requirements.txt,target=/r pip install -r /r\n",
    "a cache mount": f"{FROM}RUN --mount=type=cache,target=/root/.cache/pip pip install x\n",
    "a secret": f"{FROM}RUN --mount=type=secret,id=token cat /run/secrets/token\n",
    "small letters": "from python:3.13-slim as build\nrun true\n",
    "an argument before": "ARG VERSION=1\n" + FROM,
    "a health check": f'{FROM}HEALTHCHECK --interval=2s --start-period=9s CMD ["python", "-m", "app.health"]\n',
    "a comment that is one": f"# PIP_X = what pip reads\n{FROM}",
    "a label": f"{FROM}LABEL org.opencontainers.image.title=orders\n",
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_this_is_allowed(text: str) -> None:
    assert held(text)


REFUSED = {
    "a frontend": (f"# syntax=docker/dockerfile:1\n{FROM}", "line 1: `# syntax=` is not allowed"),
    "a frontend, spaced": (f"#  SYNTAX = evil/frontend\n{FROM}", "line 1: `# syntax=`"),
    "a frontend of another kind": (f"// syntax=evil\n{FROM}", "line 1: `# syntax=`"),
    "a frontend below a comment": (f"# hello\n# syntax=evil\n{FROM}", "line 2: `# syntax=`"),
    "an escape": (f"# escape=`\n{FROM}", "line 1: `# escape=`"),
    "JSON": ('{"syntax": "evil"}\n', "line 1: this is no instruction"),
    "another image": ("FROM alpine\n", "`FROM alpine` is not allowed: begin with python:3.13-slim, scratch"),
    "a digest": ("FROM python:3.13-slim@sha256:0\n", "is not allowed"),
    "a variable": ("ARG BASE=alpine\nFROM $BASE\n", "line 2: `FROM $BASE` is not allowed"),
    "a platform": ("FROM --platform=linux/arm64 python:3.13-slim\n", "`FROM --platform` is not allowed"),
    "a later stage": (f"{FROM}COPY --from=1 /x /x\n", "`from=1` is not allowed"),
    "an image to copy from": (f"{FROM}COPY --from=alpine /x /x\n", "line 2: `from=alpine` is not allowed"),
    "nothing to copy from": (f"{FROM}COPY --from /x /x\n", "`from=` is not allowed"),
    "an image to mount": (f"{FROM}RUN --mount=type=bind,from=alpine,target=/x true\n", "`from=alpine`"),
    "an image behind another": (f"{FROM}RUN --mount=from=wheels,from=alpine,target=/x true\n", "twice"),
    "a cache from an image": (f"{FROM}RUN --mount=type=cache,from=alpine,target=/x true\n", "`from=alpine`"),
    "an agent": (f"{FROM}RUN --mount=type=ssh true\n", "`--mount=type=ssh` is not allowed"),
    "an odd option": (f"{FROM}RUN --mount=type=bind,target=/x,propagation=shared true\n", "no option `propagation`"),
    "a network": (f"{FROM}RUN --network=host true\n", "`RUN --network` is not allowed: builds have no network"),
    "privileges": (f"{FROM}RUN --security=insecure true\n", "`RUN --security` is not allowed"),
    "a device": (f"{FROM}RUN --device=nvidia true\n", "`RUN --device` is not allowed"),
    "a quoted option": (f'{FROM}RUN --mount="type=ssh" true\n', "without quotes"),
    "an option behind two dashes": (f"{FROM}RUN -- --mount=type=ssh true\n", "without quotes"),
    "ADD": (f"{FROM}ADD https://example.org/x /x\n", "`ADD` is not allowed: it fetches and unpacks"),
    "ONBUILD": (f"{FROM}ONBUILD RUN true\n", "`ONBUILD` is not allowed"),
    "no instruction": (f"{FROM}INSTALL x\n", "`INSTALL` is not allowed"),
    "a slip": (f"{FROM}COYP . .\n", "Did you mean `COPY`?"),
    "a here-document": (f"{FROM}RUN <<EOF\nADD x y\nEOF\n", "line 2: `<<` is not allowed"),
    "a here-document behind a command": (f"{FROM}RUN python - <<EOF\nEOF\n", "`<<` is not allowed"),
    "two backslashes": (f"{FROM}RUN echo \\\\\nADD x y\n", "two backslashes"),
    "a backslash at the end": (f"{FROM}RUN echo x\\ \\\n\n", "line 2"),
    "a control character": (f"{FROM}RUN echo\x0bx\n", "line 2: it holds a control character"),
    "a carriage return inside": (f"{FROM}RUN echo\rADD x y\n", "control character"),
    "nothing": ("# nothing\n", "has no instruction"),
    "no FROM": ("ARG x=1\n", "has no FROM"),
    "a step before FROM": ("RUN true\n" + FROM, "`RUN` comes before the first FROM"),
    "a label of ours": (f"{FROM}LABEL breakwater.trial=x\n", "not yours to set"),
    "a label of Compose's": (f'{FROM}LABEL "COM.docker.compose.project"=x\n', "not yours to set"),
    "a stage called scratch": ("FROM python:3.13-slim AS scratch\n", "is no name for a stage"),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_this_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        held(text)
    assert says in str(caught.value)
    assert str(caught.value).startswith("orders/Dockerfile")
    assert "\n" not in str(caught.value)


def test_continuations_and_comments_within_are_joined_as_buildkit_joins_them() -> None:
    text = f"{FROM}RUN pip install \\\n    # why so\n\n    a \\ \n    b\r\nUSER app\n"
    assert printed(held(text)) == f"{FROM}RUN pip install     a     b\nUSER app\n"
    assert [instruction.line for instruction in held(text)] == [1, 2, 7]


LINES = st.lists(
    st.text(alphabet=" \t\\#<\"'=-/.:,$ABCFORMNUadfmort\x0b\u00a0\u2028{}[]\r", max_size=24)
    | st.sampled_from(
        ["FROM scratch", "RUN x \\", "# syntax=x", "COPY --from=x . .", "RUN <<E", "\\", "\\ ", "RUN y\\\\"]
    ),
    max_size=8,
)


@given(LINES)
def test_what_is_printed_is_read_as_what_was_parsed(lines: list[str]) -> None:
    """Whatever a file says: it is refused, or its print has an instruction a line and says the same when it is read."""
    try:
        instructions = parse("\n".join(lines), "x")
    except BadInput:
        return
    told = printed(instructions)
    assert len(told.split("\n")) == len(instructions) + 1
    for line, instruction in zip(told.split("\n"), instructions, strict=False):
        assert line.startswith(instruction.name)
        assert not line.endswith("\\")
    again = parse(told, "x")
    assert [(each.name, each.flags, each.rest) for each in again] == [
        (each.name, each.flags, each.rest) for each in instructions
    ]


@pytest.mark.parametrize("file", sorted(paths.BOXOFFICE.glob("*/Dockerfile")), ids=lambda file: file.parent.name)
def test_every_image_of_the_shop_is_allowed(file: Path) -> None:
    assert allowed.dockerfile(file.parent)


def test_a_context_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "x").write_bytes(b"x" * 4096)
    allowed.hold_context(folder)
    monkeypatch.setattr(allowed, "MOST_BYTES", 1024)
    with pytest.raises(BadInput, match="a build takes"):
        allowed.hold_context(folder)


def test_a_context_with_a_link_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "root").symlink_to("/")
    with pytest.raises(BadInput, match="orders/root is neither a file nor a folder"):
        allowed.hold_context(folder)
