"""Stand-ins: images of the same names and versions as the official ones, from Debian's packages.

For a machine that reaches no registry: CI behind a wall, a classroom without a network. A stand-in's tag never lies:
the version is read from what was installed, and another one is refused.
"""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from breakwater import paths
from breakwater.engines import daemon
from breakwater.errors import BadInput, CourseError, EngineTrouble, did_you_mean

RELEASE, BASE = "trixie", "debian:13-slim"
_SLIM = ("", "slim", RELEASE, f"slim-{RELEASE}")
RECIPES = {"python": _SLIM, "postgres": _SLIM, "golang": ("", RELEASE), "eclipse-temurin": ("jdk", "jre")}
"""What there is a recipe for, NAME.Dockerfile beside this file, and what may follow the version in a tag."""

LABEL = "breakwater.stand-in"
"""On each of them: what it was made from, as a digest."""

LIKE_SLIM = tuple(f"path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man"))
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""Where a machine keeps the certificates that it trusts."""

_REFUSED = re.compile(r"^(?:#\d+ )?[\d.]+ REFUSED: (?P<why>.*)$", re.MULTILINE)
"""As a build says it, after the time: the command itself is told before, and has the same words in it."""


@dataclass(frozen=True)
class Recipe:
    """How the stand-in for the image `name` is built. `variant` is what follows the version in its tag."""

    name: str
    kind: str
    version: str
    variant: str


def recipe(name: str) -> Recipe:
    """The recipe for an image, e.g. `python:3.13-slim`. Raises BadInput if there is none."""
    kind, _, tag = name.partition(":")
    version, _, variant = tag.partition("-")
    if kind not in RECIPES:
        guess = did_you_mean(kind, RECIPES) or f" There are: {', '.join(RECIPES)}."
        raise BadInput(f"There is no stand-in for the image {name}.{guess}")
    if variant not in RECIPES[kind] or not version[:1].isdigit():
        forms = " or ".join(f"{kind}:VERSION-{known}".rstrip("-") for known in RECIPES[kind][:2])
        raise BadInput(f"There is no stand-in for the image {name}: name it {forms}.")
    return Recipe(name, kind, version, variant)


def is_stale(client: Any, name: str, requirements: dict[str, Path]) -> bool:
    """Whether the image `name` is a stand-in that was made from other files than these."""
    made_from = client.images.get(name).labels.get(LABEL)
    return made_from is not None and made_from != _made_from(requirements)


def _made_from(requirements: dict[str, Path]) -> str:
    recipes = {path.name: path for path in Path(__file__).parent.iterdir() if path.is_file()}
    files = sorted({**recipes, **requirements}.items())
    return sha256(b"".join(name.encode() + path.read_bytes() for name, path in files)).hexdigest()[:16]


async def build(name: str, requirements: dict[str, Path]) -> None:
    """Build the stand-in for the image `name`.

    `requirements` are the files whose Python packages it carries, each by a name of its own.
    Raises BadInput for an image without a recipe, EngineTrouble for a version that Debian has not or a full disk.
    """
    how = recipe(name)
    await _have_base()
    with TemporaryDirectory(prefix="stand-in-") as scratch:
        folder = Path(scratch)
        _lay_out(folder, requirements)
        status, said = await daemon.run(*_command(how, folder, _made_from(requirements)))
    if status:
        raise _not_built(name, said)


def _command(how: Recipe, folder: Path, made_from: str) -> Iterator[str]:
    # By the machine's own network: a build reaches what the machine reaches.
    yield from ("docker", "build", "--progress", "plain", "--network", "host", "--tag", how.name)
    yield from ("--label", f"{LABEL}={made_from}", "--build-arg", f"VERSION={how.version}")
    yield from ("--build-arg", f"VARIANT={how.variant}")
    yield from ("--file", str(folder / f"{how.kind}.Dockerfile"), str(folder))


def _lay_out(folder: Path, requirements: dict[str, Path]) -> None:
    for file in Path(__file__).parent.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    trusted = next((bundle for bundle in BUNDLES if Path(bundle).is_file()), None)
    (folder / "ca.crt").write_bytes(Path(trusted).read_bytes() if trusted else b"")
    (folder / "requirements").mkdir()
    for name, file in requirements.items():
        shutil.copy(file, folder / "requirements" / f"{name}.txt")


def _not_built(name: str, said: str) -> CourseError:
    refused = _REFUSED.search(said)
    if refused:
        return EngineTrouble(f"There is no stand-in for the image {name}: {refused['why'].strip()}.")
    return daemon.trouble(said, f"The stand-in for {name} was not built")


async def _have_base() -> None:
    """See that there is a Debian to build on: in Docker, else in the cache, else made now."""
    status, _ = await daemon.run("docker", "image", "inspect", BASE)
    if status == 0:
        return
    archive = paths.cache() / f"debian-13-{platform.machine()}.tar"
    if not archive.is_file():
        await _bootstrap(archive)
    words = ("docker", "import", "--change", 'CMD ["bash"]', "--change", f"LABEL {LABEL}=true", str(archive), BASE)
    status, said = await daemon.run(*words)
    if status:
        raise daemon.trouble(said, f"The image {BASE} was not made from {archive}")


async def _bootstrap(archive: Path) -> None:
    if not shutil.which("mmdebstrap"):
        how = "apt install mmdebstrap" if shutil.which("apt-get") else "it runs on Debian and Ubuntu"
        raise EngineTrouble(f"Stand-ins are made by mmdebstrap, which is not installed: {how}.")
    fresh = archive.with_suffix(".half.tar")
    options = (f"--dpkgopt={option}" for option in LIKE_SLIM)
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        words = ("mmdebstrap", "--variant=minbase", "--components=main", *options, RELEASE, str(fresh), *_mirror())
        status, said = await daemon.run(*words)
        if status:
            raise daemon.trouble(said, f"Debian could not be laid out in {archive.parent}", disk=str(archive.parent))
        fresh.replace(archive)
    except OSError as error:
        raise EngineTrouble(f"The cache {archive.parent} cannot be written: {error.strerror}.") from None
    finally:
        fresh.unlink(missing_ok=True)


def _mirror() -> tuple[str, ...]:
    """The mirror of Debian that this machine uses; none if it uses none, and the usual one is taken."""
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return ()
    words = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
    return tuple(address for address in told if address.rstrip("/").endswith("/debian"))[:1]
