"""The images of a shop: which it needs, under what names its own are built, and why one did not build.

An image of the shop is named after its content: `breakwater/orders:4f0c…`. One that is there is not built again, by
whichever shop it was made, and a change of a file is a new name, so that Compose makes its container anew.
"""

import contextlib
import hashlib
import importlib.util
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from breakwater import paths
from breakwater.engines import daemon
from breakwater.engines.description import FILE
from breakwater.engines.reason import telling_line
from breakwater.errors import CourseError, EngineTrouble, ShopDidNotStart

Config = dict[str, Any]

PREFIX = "breakwater/"
SIDECAR_BASE = "python:3.13-slim"
SIDECAR_FILES = ("__init__.py", "errors.py", "paths.py", "engines/*.py", "faults/*.py")
SIDECAR_PACKAGES = ("yaml", "h2", "hpack", "hyperframe")
"""What these files import besides the standard library: pure Python, taken from where we have it."""

SIDECAR_DOCKERFILE = f"""\
FROM {SIDECAR_BASE}
ENV PYTHONUNBUFFERED=1
WORKDIR /srv
COPY . .
RUN python -m compileall -q .
CMD ["python", "-m", "breakwater.engines.sidecar"]
"""
OUR_TROUBLE = re.compile("failed to (resolve source metadata|create endpoint)|no such host|connection refused")
"""What the machine could not do, and no Dockerfile is to blame for."""

KEPT = 8
"""So many images of a service are kept; the older ones are removed when another is built."""

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE | re.MULTILINE)
_STEP = re.compile(r"^ > \[[^\]]*\] (?P<what>.*):$", re.MULTILINE)
_SAID = re.compile(r"^#\d+ [\d.]+ (?P<said>\S.*)$", re.MULTILINE)


def bases(config: Config, others: Iterable[Path] = ()) -> list[str]:
    """The images that a shop is made from: those that it names, and those that its Dockerfiles begin with.

    `others` are more folders with a Dockerfile. Raises ShopDidNotStart for a Dockerfile that cannot be read.
    """
    found: dict[str, None] = {SIDECAR_BASE: None}
    for table in config["services"].values():
        found |= dict.fromkeys([*_begins_with(table["build"])] if "build" in table else [table["image"]])
    for folder in others:
        found |= dict.fromkeys(_begins_with({"context": str(folder)}))
    return list(found)


def _begins_with(build: Config) -> Iterator[str]:
    """The images that a Dockerfile begins with; not its own stages."""
    stages = {"scratch"}
    for match in _FROM.finditer(_dockerfile(build)):
        if match["image"].lower() not in stages and "$" not in match["image"]:
            yield match["image"]
        stages.add((match["stage"] or "").lower())


def _dockerfile(build: Config) -> str:
    if "dockerfile_inline" in build:
        return str(build["dockerfile_inline"])
    path = Path(build["context"]) / str(build.get("dockerfile", "Dockerfile"))
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ShopDidNotStart(f"{path} is no Dockerfile that can be read.", service=path.parent.name) from None


def missing(client: Any, names: Iterable[str]) -> list[str]:
    """Those of these images that are not on this machine."""
    return [name for name in names if not _identity(client, name)]


def _identity(client: Any, name: str) -> str:
    from docker.errors import ImageNotFound

    try:
        return str(client.images.get(name).id)
    except ImageNotFound:
        return ""


async def pull(name: str) -> None:
    """Fetch an image from its registry. Raises EngineTrouble, with what to do where there is none."""
    status, said = await daemon.run("docker", "pull", "--quiet", name)
    if status:
        why = daemon.trouble(said, f"The image {name} is not on this machine and cannot be fetched")
        raise EngineTrouble(f"{why}. Without a registry: course images --offline")


def names(client: Any, config: Config, services: Iterable[str]) -> dict[str, str]:
    """The image of each of these services that is built, by its name."""
    known = {base: _identity(client, base) for base in bases(config)}
    return {
        name: f"{PREFIX}{_repository(table['build'])}:{_digest(table['build'], known)}"
        for name in services
        if "build" in (table := config["services"][name])
    }


def _repository(build: Config) -> str:
    """After the folder of the service: `orders`; after two where that lies deeper in the shop: `pricing-go`."""
    folder = Path(build["context"])
    parts = folder.parts[-1:] if (folder.parent / FILE).is_file() else folder.parts[-2:]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-") or "service"


def _digest(build: Config, known: dict[str, str]) -> str:
    """A name for everything that goes into an image."""
    context = Path(build["context"])
    rest = {key: value for key, value in build.items() if key != "context"}
    used = {match["image"]: known.get(match["image"], "") for match in _FROM.finditer(_dockerfile(build))}
    return _hashed([json.dumps([rest, used], sort_keys=True).encode(), *_content(context)])


def _content(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if "__pycache__" not in path.parts and not path.is_dir():
            yield f"{path.relative_to(folder)} {path.lstat().st_mode & 0o111}".encode()
            yield str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()


def _hashed(chunks: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(chunk).digest() for chunk in chunks)).hexdigest()[:16]


async def build(file: Path, service: str, folder: Path) -> None:
    """Have Compose build one service of the generated `file`, from its `folder`.

    Raises ShopDidNotStart with the step that failed.
    """
    status, said = await daemon.run("docker", "compose", "--progress", "plain", "-f", str(file), "build", service)
    if status:
        raise not_built(said, service, folder)


def not_built(said: str, service: str, folder: Path) -> CourseError:
    """Whose fault it is that an image was not built, and which step of the Dockerfile it was."""
    if daemon.FULL in said or OUR_TROUBLE.search(said) or "failed to solve" not in said:
        return daemon.trouble(said, f"The image of {service} was not built")
    step = _STEP.search(said)
    lines = tuple(match["said"] for match in _SAID.finditer(said))
    if step:
        line = _line_of(step["what"], folder)
        where = f"{folder.name}/Dockerfile" + (f", line {line}" if line else "")
        why = f"{where}: `{step['what']}` failed: {telling_line(lines) or _last(said)}"
    else:
        why = _last(said)
    return ShopDidNotStart(f"The image of {service} does not build: {why}"[:500], service=service, last_lines=lines)


def _line_of(step: str, folder: Path) -> int:
    """The line of a Dockerfile where a step begins; 0 where it is not found."""
    with contextlib.suppress(OSError):
        for number, line in enumerate((folder / "Dockerfile").read_text().splitlines(), 1):
            begins = line.strip().rstrip("\\").strip()
            if begins and " " in begins and step.startswith(begins):
                return number
    return 0


def _last(said: str) -> str:
    return said.strip().splitlines()[-1].strip().removeprefix("failed to solve: ")


async def sidecar(client: Any, scratch: Path) -> str:
    """The name of the image that carries the links; it is built, in the folder `scratch`, if it is not there."""
    package = Path(paths.__file__).parent
    files = {path.relative_to(package.parent): path for pattern in SIDECAR_FILES for path in package.glob(pattern)}
    for name in SIDECAR_PACKAGES:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).parent if spec and spec.origin else None
        files |= {path.relative_to(origin.parent): path for path in origin.glob("*.py")} if origin else {}
    content = [f"{name}\0".encode() + path.read_bytes() for name, path in sorted(files.items())]
    name = f"{PREFIX}links:{_hashed([SIDECAR_DOCKERFILE.encode(), _identity(client, SIDECAR_BASE).encode(), *content])}"
    if missing(client, [name]):
        _lay_out(files, scratch)
        status, said = await daemon.run("docker", "build", "--quiet", "--tag", name, str(scratch))
        shutil.rmtree(scratch, ignore_errors=True)
        if status:
            raise daemon.trouble(said, "The image that carries the links was not built")
        prune(client, name)
    return name


def _lay_out(files: dict[Path, Path], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    (folder / "Dockerfile").write_text(SIDECAR_DOCKERFILE)


def prune(client: Any, name: str) -> None:
    """Remove the older images of the same service that nothing uses."""
    from docker.errors import DockerException

    repository = name.rpartition(":")[0]
    found = sorted(client.images.list(name=repository), key=lambda image: str(image.attrs["Created"]), reverse=True)
    for image in found[KEPT:]:
        for tag in image.tags:
            with contextlib.suppress(DockerException):  # a container has it
                client.images.remove(tag)
