"""Dockerfiles, parsed to instructions and printed again: what BuildKit gets is our print, not the learner's file.

So it does not matter where two parsers would differ. What cannot be printed in one line that means the same (a
here-document, another escape character) is refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from breakwater.errors import BadInput

DIRECTIVE = re.compile(r"^\s*(?:#|//)\s*(?P<name>syntax|escape|check)\s*=", re.IGNORECASE)
_WORD = re.compile(r"^(?P<name>[A-Za-z]+)(?:[ \t]+(?P<rest>.*))?$", re.DOTALL)
_FLAG = re.compile(r"^--(?P<name>[a-z][a-z-]*)(?:=(?P<value>[^\s\"'\\]*))?(?:[ \t]+|$)")
_CONTINUED = re.compile(r"\\[ \t]*$")
_TWO_AT_END = re.compile(r"\\\\[ \t]*$")

WHY_DIRECTIVE = {
    "syntax": "it loads a program that reads this file in the daemon's place",
    "escape": "the file is read with the usual escape character",
    "check": "which checks of BuildKit's run is not the file's to say",
}


@dataclass(frozen=True)
class Flag:
    """`--from=wheels`: its name and value; no value is None."""

    name: str
    value: str | None

    def __str__(self) -> str:
        return f"--{self.name}" + ("" if self.value is None else f"={self.value}")


@dataclass(frozen=True)
class Instruction:
    """One instruction. `line` is where it begins; `name` is in capitals; `rest` is one line, as BuildKit joins it."""

    line: int
    name: str
    flags: tuple[Flag, ...]
    rest: str

    def __str__(self) -> str:
        return " ".join([self.name, *map(str, self.flags), *([self.rest] if self.rest else [])])

    def values(self, name: str) -> list[str]:
        """The values of all flags of that name."""
        return [flag.value or "" for flag in self.flags if flag.name == name]


def parse(text: str, file: str) -> list[Instruction]:
    """The instructions of a Dockerfile, which messages call `file`.

    Raises:
        BadInput: it cannot be printed anew without a doubt; one line with file, line and remedy.
    """
    found = [_instruction(line, joined, file) for line, joined in _joined(_plain_lines(text, file), file)]
    if not found:
        raise BadInput(f"{file} has no instruction.")
    return found


def printed(instructions: Sequence[Instruction]) -> str:
    """The file that BuildKit gets."""
    return "".join(f"{instruction}\n" for instruction in instructions)


def _plain_lines(text: str, file: str) -> list[str]:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for number, line in enumerate(lines, 1):
        odd = next((sign for sign in line if sign != "\t" and (ord(sign) < 32 or ord(sign) == 127)), None)
        if odd:
            raise BadInput(f"{file}, line {number}: it holds a control character ({odd!r}): remove it.")
        if directive := DIRECTIVE.match(line):
            name = directive["name"].lower()
            raise BadInput(
                f"{file}, line {number}: `# {name}=` is not allowed: {WHY_DIRECTIVE[name]}. Remove the line."
            )
    return lines


def _joined(lines: Sequence[str], file: str) -> Iterator[tuple[int, str]]:
    """Each instruction with the line where it begins, its continuations joined as BuildKit does."""
    numbered = iter(enumerate(lines, 1))
    for number, line in numbered:
        if _is_skipped(line):
            continue
        parts = [line.lstrip()]
        while _CONTINUED.search(parts[-1]):
            if _TWO_AT_END.search(parts[-1]):
                raise BadInput(f"{file}, line {number}: a line ends with two backslashes: readers differ about that.")
            parts[-1] = _CONTINUED.sub("", parts[-1])
            following = next((each for _, each in numbered if not _is_skipped(each)), None)
            if following is None:
                break
            parts.append(following)
        yield number, "".join(parts).strip()


def _is_skipped(line: str) -> bool:
    bare = line.strip()
    return not bare or bare.startswith("#")


def _instruction(line: int, joined: str, file: str) -> Instruction:
    word = _WORD.match(joined)
    if not word:
        raise BadInput(f"{file}, line {line}: this is no instruction: {joined[:40]!r}.")
    name, rest = word["name"].upper(), (word["rest"] or "").strip()
    if "<<" in rest:
        raise BadInput(
            f"{file}, line {line}: `<<` is not allowed: put the here-document into a file of its own, and copy that."
        )
    flags = []
    while rest.startswith("--"):
        flag = _FLAG.match(rest)
        if not flag:
            raise BadInput(f"{file}, line {line}: write the option {rest.split()[0]} without quotes or backslashes.")
        flags.append(Flag(flag["name"], flag["value"]))
        rest = rest[flag.end() :].strip()
    if rest.endswith("\\"):
        raise BadInput(f"{file}, line {line}: it ends with a backslash, and nothing follows.")
    return Instruction(line, name, tuple(flags), rest)
