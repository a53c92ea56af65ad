"""What a Dockerfile may say that is built here: an allow-list. The rest is refused, in one line with its remedy."""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from breakwater.engines.trial.dockerfile import Instruction, parse
from breakwater.errors import BadInput, did_you_mean

BASES = ("python:3.13-slim",)
"""The images that one may begin with, besides `scratch`."""

WHEELS = "wheels"
"""The named build context that has the packages."""

MOST_BYTES, MOST_FILES, MOST_TEXT = 32 << 20, 5_000, 64 << 10

FLAGS: dict[str, Collection[str]] = {
    "ARG": (),
    "CMD": (),
    "COPY": ("chmod", "chown", "from", "link"),
    "ENTRYPOINT": (),
    "ENV": (),
    "EXPOSE": (),
    "FROM": (),
    "HEALTHCHECK": ("interval", "retries", "start-interval", "start-period", "timeout"),
    "LABEL": (),
    "RUN": ("mount",),
    "SHELL": (),
    "STOPSIGNAL": (),
    "USER": (),
    "VOLUME": (),
    "WORKDIR": (),
}
"""The instructions that there are here, and the options of each."""

WHY_NOT = {
    "ADD": "it fetches and unpacks. Write COPY",
    "ONBUILD": "nothing is built from this image. Write the instruction itself",
    "MAINTAINER": "it is deprecated. Write LABEL",
}
WHY_NO_FLAG = {
    "network": "builds have no network",
    "security": "a build has no privileges",
    "device": "a build has no devices",
    "platform": "images are built for the machine that runs them",
}
MOUNTS = {
    "bind": {"from", "source", "src", "target", "dst", "destination", "rw", "readwrite", "ro", "readonly"},
    "cache": {"id", "target", "dst", "destination", "sharing", "from", "source", "src", "mode", "uid", "gid"},
    "tmpfs": {"target", "dst", "destination", "size"},
    "secret": {"id", "target", "dst", "destination", "required", "mode", "uid", "gid", "env"},
}
RESERVED = ("breakwater.", "com.docker.")
"""How labels begin that are not a learner's to set."""

_STAGE = re.compile(r"[a-z][a-z0-9_.-]*")


def dockerfile(folder: Path, shown: str = "") -> list[Instruction]:
    """The instructions of the Dockerfile in a service's folder, all of them allowed.

    `shown` is what messages call the folder. Raises BadInput, in one line, for what is not allowed.
    """
    name = f"{shown or folder.name}/Dockerfile"
    try:
        raw = (folder / "Dockerfile").read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        raise BadInput(f"{name} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{name} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}.") from None
    if len(raw) > MOST_TEXT:
        raise BadInput(f"{name} is larger than {MOST_TEXT >> 10} KiB.")
    instructions = parse(text, name)
    hold(instructions, name)
    return instructions


def hold(instructions: Sequence[Instruction], file: str) -> None:
    """Raise BadInput for the first instruction that is not allowed."""
    _Stages(file).hold(instructions)


def hold_context(folder: Path, shown: str = "") -> None:
    """Raise BadInput for a folder that is too large to be sent to a build, or holds more than files and folders."""
    files = size = 0
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise BadInput(f"{path.relative_to(folder.parent)} is neither a file nor a folder. Remove it.")
            files += 1
            size += path.stat().st_size if path.is_file() else 0
    if files > MOST_FILES or size > MOST_BYTES:
        what = f"{files} files of {size >> 20} MiB"
        raise BadInput(
            f"{shown or folder.name}/ has {what}; a build takes {MOST_FILES} of {MOST_BYTES >> 20} MiB. Remove some."
        )


class _Stages:
    """Holds a file's instructions, and knows the stages so far."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._names: set[str] = set()
        self._count = 0

    def hold(self, instructions: Sequence[Instruction]) -> None:
        for instruction in instructions:
            self._hold_name(instruction)
            self._hold_flags(instruction)
            if instruction.name == "FROM":
                self._hold_from(instruction)
            elif instruction.name == "LABEL" and any(word in instruction.rest.lower() for word in RESERVED):
                self._refuse(
                    instruction, f"labels that begin with {RESERVED[0]} or {RESERVED[1]} are not yours to set."
                )
            for source in instruction.values("from"):
                self._hold_source(instruction, source)
            for mount in instruction.values("mount"):
                self._hold_mount(instruction, mount)
        if not self._count:
            raise BadInput(f"{self._file} has no FROM.")

    def _refuse(self, instruction: Instruction, why: str) -> NoReturn:
        raise BadInput(f"{self._file}, line {instruction.line}: {why}")

    def _hold_name(self, instruction: Instruction) -> None:
        if instruction.name not in FLAGS:
            why = WHY_NOT.get(instruction.name)
            guess = did_you_mean(instruction.name, FLAGS)
            self._refuse(
                instruction,
                f"`{instruction.name}` is not allowed: {why or 'it is no instruction of these builds'}.{guess}",
            )
        if not self._count and instruction.name not in ("ARG", "FROM"):
            self._refuse(instruction, f"`{instruction.name}` comes before the first FROM.")

    def _hold_flags(self, instruction: Instruction) -> None:
        for flag in instruction.flags:
            if flag.name not in FLAGS[instruction.name]:
                why = WHY_NO_FLAG.get(flag.name, "these builds do not know it")
                self._refuse(instruction, f"`{instruction.name} --{flag.name}` is not allowed: {why}. Remove it.")

    def _hold_from(self, instruction: Instruction) -> None:
        words = instruction.rest.split()
        name = words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else ""
        if len(words) not in (1, 3) or (len(words) == 3 and not name):
            self._refuse(instruction, "write `FROM image` or `FROM image AS name`.")
        image = words[0]
        if image not in (*BASES, "scratch", WHEELS) and image.lower() not in self._names:
            allowed = ", ".join((*BASES, "scratch"))
            self._refuse(instruction, f"`FROM {image[:60]}` is not allowed: begin with {allowed} or an earlier stage.")
        if name and (not _STAGE.fullmatch(name) or name == "scratch"):
            self._refuse(instruction, f"`{name[:60]}` is no name for a stage: use small letters, digits and hyphens.")
        self._names.add(name)
        self._count += 1

    def _hold_source(self, instruction: Instruction, source: str) -> None:
        is_stage = source.lower() in self._names - {""} or (source.isdecimal() and int(source) < self._count - 1)
        if not is_stage and source not in (*BASES, WHEELS):
            allowed = ", ".join(("an earlier stage", f"`{WHEELS}`", *BASES))
            self._refuse(instruction, f"`from={source[:60]}` is not allowed: name {allowed}.")

    def _hold_mount(self, instruction: Instruction, mount: str) -> None:
        pairs = [part.partition("=")[::2] for part in mount.split(",")]
        options = dict(pairs)
        if len(options) < len(pairs):
            self._refuse(instruction, "an option of a mount stands there twice. Write it once.")
        kind = options.pop("type", "bind")
        if kind not in MOUNTS:
            self._refuse(instruction, f"`--mount=type={kind[:20]}` is not allowed: use {', '.join(MOUNTS)}.")
        for name, value in options.items():
            if name not in MOUNTS[kind]:
                self._refuse(instruction, f"`--mount=type={kind}` has no option `{name[:20]}` here. Remove it.")
            if name == "from":
                self._hold_source(instruction, value)
