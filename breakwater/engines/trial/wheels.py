"""The packages that images are built from: a folder with wheels, as the named context `wheels` of a build.

Made once by a build of our own, in the image that services begin with, so that the wheels are for that Python; kept in
the cache. As a company's folder does, it holds far more than one service asks for.
"""

import shutil
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from breakwater import paths
from breakwater.engines import daemon
from breakwater.engines.trial.allowed import BASES

FOLDER = "wheels"
"""Where in the context the files are: `COPY --from=wheels /wheels …`, as from a stage that is called so."""

OPTIONAL = ("dumb-init==1.2.5.post1", "purgatory==3.0.1")
"""What services may ask for besides; on a machine that cannot fetch them they are left out."""

NOBODYS = "boxoffice_seating_plans-2019.4-py3-none-any.whl"
NOBODYS_BYTES = 128 << 20
"""A package that no service asks for. Who copies the folder into a layer shows it."""

DOCKERFILE = f"""\
FROM {BASES[0]} AS fetch
COPY requirements /requirements
RUN for file in /requirements/*.txt; do \
python -m pip wheel --quiet --no-cache-dir --wheel-dir /{FOLDER} -r "$file" || exit 1; done
RUN while read -r package; do \
python -m pip wheel --quiet --no-cache-dir --wheel-dir /{FOLDER} "$package" || true; done </requirements/optional
FROM scratch
COPY --from=fetch /{FOLDER} /{FOLDER}
"""


def requirements() -> dict[str, Path]:
    """What the shop's services ask for, ours and the mended ones: the packages that there must be."""
    files = [*paths.BOXOFFICE.rglob("requirements.txt"), *paths.SOLUTIONS.glob("*/boxoffice/**/requirements.txt")]
    return {"-".join(file.relative_to(paths.ROOT).parts[:-1]): file for file in files}


async def have(client: Any) -> Path:
    """The folder that is the context; made now if it is not there. Raises EngineTrouble where it cannot be."""
    wanted = requirements()
    folder = paths.cache() / f"wheels-{_made_from(client, wanted)}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".wheels-", dir=folder.parent) as scratch:
            await _make(Path(scratch), wanted, folder)
    return folder


async def _make(scratch: Path, wanted: dict[str, Path], folder: Path) -> None:
    source, made = scratch / "source", scratch / "made"
    (source / "requirements").mkdir(parents=True)
    for name, file in wanted.items():
        shutil.copyfile(file, source / "requirements" / f"{name}.txt")
    (source / "requirements" / "optional").write_text("".join(f"{package}\n" for package in OPTIONAL))
    (source / "Dockerfile").write_text(DOCKERFILE)
    # By the machine's own network: a build reaches what the machine reaches.
    words = ("docker", "buildx", "build", "--progress", "plain", "--network", "host")
    status, said = await daemon.run(*words, "--output", f"type=local,dest={made}", str(source))
    if status:
        raise daemon.trouble(said, "The packages of the shop could not be fetched", disk=str(folder.parent))
    with (made / FOLDER / NOBODYS).open("wb") as file_:
        file_.truncate(NOBODYS_BYTES)
    _put(made, folder)


def _put(made: Path, folder: Path) -> None:
    """Move what was made to its place, unless somebody else was quicker."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _made_from(client: Any, wanted: dict[str, Path]) -> str:
    base = str(client.images.get(BASES[0]).id)
    parts = [base, DOCKERFILE, NOBODYS, str(NOBODYS_BYTES), *OPTIONAL]
    parts += [f"{name}\0{file.read_text(encoding='utf-8')}" for name, file in sorted(wanted.items())]
    return sha256("\0".join(parts).encode()).hexdigest()[:16]
