"""The fixture `images`: the image of a service, the learner's, changed, or as it was handed out, is built and read.

What a wrong image does becomes a failed verdict with its proof; trouble of Docker's or ours stays trouble of ours.
"""

import asyncio
import base64
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from breakwater import paths
from breakwater.checks.fixtures import JUDGE
from breakwater.checks.scene import Observed
from breakwater.engines import daemon
from breakwater.engines.trial import layers
from breakwater.engines.trial.allowed import BASES
from breakwater.engines.trial.builds import Built
from breakwater.engines.trial.engine import ImagesEngine
from breakwater.engines.trial.layers import Contents, Layer
from breakwater.errors import ShopDidNotStart

MEBI = 1 << 20
Edit = str | Callable[[str], str]
"""The new text of a file, or what makes it of the old one."""


class Shown(Observed):
    """Something that an image did and must not do, with the lines that prove it."""

    def __init__(self, message: str, evidence: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.evidence = tuple(evidence)


class Image:
    """An image of a service."""

    def __init__(self, engine: ImagesEngine, built: Built) -> None:
        self._engine, self._built = engine, built
        self.id, self.layers = built.id, built.layers

    @property
    def environment(self) -> dict[str, str]:
        """The variables that it sets for whoever runs it."""
        rows = (self._built.attrs.get("Config") or {}).get("Env") or []
        return dict(str(row).partition("=")[::2] for row in rows)

    async def own_layers(self) -> tuple[Layer, ...]:
        """The layers that it adds to the image that it begins with."""
        base = await daemon.asked(self._engine.client.images.get, BASES[0])
        return (await self._contents({})).above(base.attrs["RootFS"]["Layers"])

    async def added_mb(self) -> float:
        """What these come to: the bytes of all files in them, also of those that a later layer hides."""
        return sum(layer.bytes for layer in await self.own_layers()) / MEBI

    async def differs_mb(self, other: "Image") -> float:
        """What somebody has to fetch who has the `other` image: the layers that it has not."""
        return sum(layer.bytes for layer in (await self._contents({})).above(other.layers)) / MEBI

    async def places(self, text: str) -> list[str]:
        """Every place of the image where a text is found, as it is or written in hex or base64."""
        contents = await self._contents(written(text))
        count = len(contents.layers)
        found = [f"in layer {each.layer + 1} of {count}, in the file {each.file}" for each in contents.found]
        history = await daemon.asked(self._engine.client.api.history, self.id)
        found += [
            f"in its history: {str(row['CreatedBy'])[:120]}"
            for row in history
            if any(needle.decode() in f"{row['CreatedBy']} {row['Comment']}" for needle in written(text).values())
        ]
        says = repr(self._built.attrs.get("Config"))
        found += ["in its configuration"] if any(n.decode() in says for n in written(text).values()) else []
        return list(dict.fromkeys(found))

    async def files(self, ending: str) -> list[str]:
        """The files of all layers whose paths end so."""
        contents = await self._contents({"name": ending.encode()})
        return [each.file for each in contents.found if each.file.endswith(ending)]

    async def _contents(self, needles: Mapping[str, bytes]) -> Contents:
        """What is in it. Read once where nothing is looked for: it takes some seconds."""
        key = f"contents {self.id}"
        if needles or key not in self._engine.kept:
            self._engine.kept[key] = await daemon.asked(self._read, needles)
        found: Contents = self._engine.kept[key]
        return found

    def _read(self, needles: Mapping[str, bytes]) -> Contents:
        return layers.read(self._engine.client.api.get_image(self.id), self.layers, needles)


class Images:
    """The images of a lab: the learner's, as it is or with files changed, and the one that was handed out."""

    def __init__(self, engine: ImagesEngine, shop: Path) -> None:
        self._engine, self._shop = engine, shop

    def handed_out(self, file: str) -> str:
        """A file of the shop as it was handed out: `inventory/requirements.txt`."""
        return (paths.BOXOFFICE / file).read_text(encoding="utf-8")

    def mine(self, service: str) -> Image:
        """The learner's image of a service."""
        return Image(self._engine, self._engine.built(service))

    async def naive(self, service: str) -> Image:
        """The image of a service as it was handed out."""
        key = f"naive {service}"
        if key not in self._engine.kept:
            built = await self._engine.build(paths.BOXOFFICE / service, service)
            self._engine.kept[key] = Image(self._engine, built)
        image: Image = self._engine.kept[key]
        return image

    async def edited(self, service: str, edits: Mapping[str, Edit], *, what: str = "") -> Image:
        """The learner's image of a service, with these files of its folder changed or added, by their names.

        Raises Observed where it does not build any more: `what` says what was changed.
        """
        with TemporaryDirectory(prefix="edited-") as scratch:
            folder = Path(scratch) / service
            await asyncio.to_thread(_copy, self._shop / service, folder, edits)
            try:
                return Image(self._engine, await self._engine.build(folder, service))
            except ShopDidNotStart as error:
                raise Shown(f"with {what or ', '.join(edits)} changed, {error}", error.last_lines[-4:]) from None


def written(text: str) -> dict[str, bytes]:
    """How a text may stand in a file: as it is, in hex, and in base64 wherever it begins."""
    raw = text.encode()
    found = {"as it is": raw, "in hex": raw.hex().encode()}
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw)
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        found[f"in base64 ({shift})"] = encoded[first:last]
    return found


def has_password(value: str) -> bool:
    """Whether a value is a URL with a password in it."""
    try:
        return "://" in value and bool(urlsplit(value).password)
    except ValueError:
        return False


def _copy(source: Path, target: Path, edits: Mapping[str, Edit]) -> None:
    shutil.copytree(source, target)
    for name, edit in edits.items():
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        old = file.read_text(encoding="utf-8") if file.is_file() else ""
        file.write_text(edit if isinstance(edit, str) else edit(old), encoding="utf-8")


@pytest.fixture
def images(request: pytest.FixtureRequest) -> Images:
    judge = request.config.stash[JUDGE]
    return Images(judge.engine, judge.job.shop)
