"""A mistake in a TOML file is told in one line: file, line, remedy."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, RootModel, Strict

from breakwater import toml
from breakwater.errors import BadInput


class Inner(toml.Table):
    minutes: int
    title: str = ""


class Outer(toml.Table):
    name: str
    minutes: int = 1
    words: toml.Texts = ()
    parts: Annotated[tuple[Inner, ...], Strict(False)] = ()
    by_name: dict[str, float] = {}  # noqa: RUF012


class Tables(RootModel[dict[str, Inner]]):
    pass


def complaint(tmp_path: Path, text: str, model: type[BaseModel] = Outer) -> str:
    file = tmp_path / "lab.toml"
    file.write_text(text)
    with pytest.raises(BadInput) as error:
        toml.read(file, model)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(file))
    return str(error.value).removeprefix(str(file))


def test_a_right_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text('name = "x"\nwords = ["a", "b"]\nby_name = {a = 1}\n[[parts]]\nminutes = 3\n')
    read = toml.read(file, Outer)
    assert (read.words, read.parts[0].minutes, read.by_name) == (("a", "b"), 3, {"a": 1.0})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "x"\n\nminuts = 3\n', ", line 3: unknown key `minuts`. Did you mean `minutes`?"),
        ('minuts = 3\nnmae = "x"\n', ", line 1: unknown key `minuts`. Did you mean `minutes`?"),
        ('name = "x"\n[[parts]]\nminutes = 3\n[[parts]]\nminutes = 4\ntitel = ""\n',
         ", line 6: unknown key `titel`. Did you mean `title`?"),
        ('name = "x"\nqqq = 1\n', ", line 2: unknown key `qqq`. Known: name, minutes, words, parts, by_name."),
        ('name = "x"\nminutes = "ninety"\n', ", line 2: `minutes` must be a whole number, not 'ninety'."),
        ('name = "x"\nminutes = true\n', ", line 2: `minutes` must be a whole number, not True."),
        ('name = 7\n', ", line 1: `name` must be text in quotes, not 7."),
        ('name = "x"\nwords = "abc"\n', ", line 2: `words` must be a list, not 'abc'."),
        ('name = "x"\nwords = [\n  "a",\n  2,\n]\n', ", line 2: item 2 of `words` must be text in quotes, not 2."),
        ('name = """\nminuts = 1\n"""\nminuts = 2\n', ", line 4: unknown key `minuts`. Did you mean `minutes`?"),
        ('name = "x"\n[by_name]\nb = "c"\n', ", line 3: `b` must be a number, not 'c'."),
        ('minutes = 3\n', ": key `name` is missing."),
        ('name = "x"\n[[parts]]\ntitle = "y"\n', ", line 2: key `minutes` is missing."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    assert complaint(tmp_path, text) == line


def test_an_unknown_key_below_a_table_of_any_name_is_told_with_what_there_is(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[mine]\nminutes = 1\nzzz = 2\n", Tables)
    assert said == ", line 3: unknown key `zzz`. Known: minutes, title."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "x"\nminutes 3\n', 2),
        ('name = "x"\nname = "y"\n', 2),
        ('name = "x"\nwords = [\n"a"\n', 3),
        ("name=", 1),
    ],
)
def test_a_syntax_error_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert complaint(tmp_path, text).startswith(f", line {line}: not TOML: ")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"does not exist\.$"):
        toml.read(tmp_path / "none.toml", Outer)
    with pytest.raises(BadInput, match=r"cannot be read: Is a directory\.$"):
        toml.read(tmp_path, Outer)
    (tmp_path / "latin.toml").write_bytes('name = "Löwe"'.encode("latin-1"))
    with pytest.raises(BadInput, match=r"not UTF-8 text \(byte 9\)"):
        toml.read(tmp_path / "latin.toml", Outer)
