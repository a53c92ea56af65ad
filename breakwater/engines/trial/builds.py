"""Building a learner's image: from our print of its Dockerfile, without a network, and bounded."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Any

from breakwater.engines import daemon
from breakwater.engines.images import not_built
from breakwater.engines.trial import allowed
from breakwater.engines.trial.dockerfile import Instruction, printed
from breakwater.engines.trial.labels import Trial
from breakwater.errors import EngineTrouble, ShopDidNotStart

BUILD_S = 240.0
MOST_DISK = 3 << 30  # of Docker's, by one build
LOOK_EVERY_S = 0.5
MOST_IMAGE = 1536 << 20
ULIMITS = ("fsize=1073741824", "data=2147483648", "cpu=300")
"""Of each process: bytes of a file, bytes of memory that it asks for, seconds of a processor."""

CGROUP = "BREAKWATER_BUILD_CGROUP"
"""A control group that holds the steps of all builds, where a grader has one: BuildKit bounds no build as a whole."""


@dataclass(frozen=True)
class Recipe:
    """What an image is built from: a service's folder, and its Dockerfile as it was parsed."""

    service: str
    folder: Path
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Built:
    """An image. `layers` are the digests of its layers, uncompressed, from the base up; `attrs` is what it says."""

    service: str
    id: str
    layers: tuple[str, ...]
    attrs: dict[str, Any]
    seconds: float


def recipe(shop: Path, service: str) -> Recipe:
    """What the image of a service is built from. Raises BadInput for what is not allowed."""
    folder = shop / service
    allowed.hold_context(folder, service)
    return Recipe(service, folder, tuple(allowed.dockerfile(folder, service)))


async def build(client: Any, recipe: Recipe, trial: Trial, *, wheels: Path, scratch: Path) -> Built:
    """Build an image, and label it with its trial.

    Raises:
        ShopDidNotStart: it does not build, or not within its bounds; with the step that failed.
        EngineTrouble: Docker could not do it.
    """
    begun = monotonic()
    folder = Path(mkdtemp(prefix="build-", dir=scratch))
    try:
        await _run(client, recipe, trial, wheels, folder)
        identity = (folder / "id").read_text(encoding="ascii").strip()
    except OSError as error:
        raise EngineTrouble(f"The image of {recipe.service} could not be built here: {error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    built: Built = await daemon.asked(_found, client, recipe.service, identity, monotonic() - begun)
    return built


async def _run(client: Any, recipe: Recipe, trial: Trial, wheels: Path, folder: Path) -> None:
    file = folder / "Dockerfile"
    file.write_text(printed(recipe.instructions), encoding="utf-8")
    with suppress(FileNotFoundError):  # BuildKit looks for it beside the Dockerfile; else in the context
        shutil.copyfile(recipe.folder / "Dockerfile.dockerignore", folder / "Dockerfile.dockerignore")
    context = folder / "context"
    await asyncio.to_thread(_lay_out, recipe.folder, context)
    words = ["docker", "buildx", "build", "--load", "--progress", "plain", "--network", "none"]
    words += ["--provenance=false", "--iidfile", str(folder / "id"), "--file", str(file)]
    words += ["--build-context", f"{allowed.WHEELS}={wheels}", "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={trial}"]
    words += [word for name, value in trial.labels.items() for word in ("--label", f"{name}={value}")]
    words += [word for limit in ULIMITS for word in ("--ulimit", limit)]
    words += ["--cgroup-parent", os.environ[CGROUP]] if os.environ.get(CGROUP) else []
    try:
        async with asyncio.timeout(BUILD_S) as limit, _within_disk(client, recipe.service):
            status, said = await daemon.run(*words, str(context))
    except TimeoutError:
        if not limit.expired():
            raise
        late = f"The image of {recipe.service} was not built within {BUILD_S:.0f} s."
        raise ShopDidNotStart(late, service=recipe.service) from None
    if status:
        raise not_built(said, recipe.service, recipe.folder)


@asynccontextmanager
async def _within_disk(client: Any, service: str) -> AsyncIterator[None]:
    """Break off what runs in the context when it takes too much of Docker's disk; no bound where that is elsewhere."""
    root = await daemon.asked(_docker_root, client)
    over = f"The image of {service} took more than {MOST_DISK >> 30} GiB of Docker's disk while it was built."

    async def watch(mine: "asyncio.Task[Any]") -> None:
        free = shutil.disk_usage(root).free
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if free - shutil.disk_usage(root).free > MOST_DISK:
                mine.cancel(over)
                return

    mine = asyncio.current_task()
    assert mine, "this runs in a task"
    watching = asyncio.create_task(watch(mine)) if root else None
    try:
        yield
    except asyncio.CancelledError as cancelled:
        if over in cancelled.args and mine.uncancel() == 0:
            raise ShopDidNotStart(over, service=service) from None
        raise
    finally:
        if watching:
            watching.cancel()


def _lay_out(source: Path, target: Path) -> None:
    """Copy a context; everybody may read it, and run what its owner may: how it was unpacked is nobody's design."""

    def put(file: str, place: str) -> None:
        shutil.copyfile(file, place)
        os.chmod(place, 0o755 if os.access(file, os.X_OK) else 0o644)

    shutil.copytree(source, target, copy_function=put)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def _docker_root(client: Any) -> Path | None:
    """Where the daemon keeps its images; None where that is not on this machine."""
    root = Path(str(client.info().get("DockerRootDir") or "/nowhere"))
    return root if root.is_dir() else None


def _found(client: Any, service: str, identity: str, seconds: float) -> Built:
    attrs: dict[str, Any] = client.images.get(identity).attrs
    if int(attrs.get("Size") or 0) > MOST_IMAGE:
        size = f"{int(attrs['Size']) >> 20} MiB"
        raise ShopDidNotStart(
            f"The image of {service} has {size}; {MOST_IMAGE >> 20} MiB are allowed.", service=service
        )
    return Built(service, str(attrs["Id"]), tuple(attrs["RootFS"]["Layers"]), attrs, round(seconds, 2))
