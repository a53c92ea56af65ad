"""What is in an image's layers, read as a stream: tar within tar, and nothing is ever written to a path of theirs.

`docker save` has two layouts, and neither need be told apart: a layer is what has the digest that the image's config
lists, once it is uncompressed.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from breakwater.errors import EngineTrouble

MOST_BYTES = 4 << 30  # of one image, uncompressed, with what a later layer hides
CHUNK, AT_ONCE = 1 << 20, 1 << 16
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
TAR_AT, TAR = 257, b"ustar"


@dataclass(frozen=True)
class Found:
    """Something that was looked for: its name, the file that has it, the layer's place, counted from 0."""

    what: str
    file: str
    layer: int


@dataclass(frozen=True)
class Layer:
    """One layer: its digest, how many files it has, and the bytes of their contents."""

    digest: str
    files: int
    bytes: int


@dataclass(frozen=True)
class Contents:
    """An image's layers, from the base up, and where in them was found what was looked for."""

    layers: tuple[Layer, ...]
    found: tuple[Found, ...] = ()

    def above(self, base: Sequence[str]) -> tuple[Layer, ...]:
        """The layers that do not belong to the image whose layers have these digests."""
        return tuple(layer for layer in self.layers if layer.digest not in set(base))


@dataclass
class _Blob:
    """What was seen while a part of the archive was read that could be a layer."""

    files: int = 0
    bytes: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)


def read(archive: Iterable[bytes], layers: Sequence[str], needles: Mapping[str, bytes] | None = None) -> Contents:
    """Read an image as `docker save` gives it.

    `layers` are the digests of its layers, as its config lists them; `needles` are what to look for, by name, in the
    contents and the names of all files of all layers.

    Raises:
        EngineTrouble: it is larger than we read, or packed in a way that we do not know.
    """
    blobs: dict[str, _Blob] = {}
    try:
        with tarfile.open(fileobj=_readable(archive), mode="r|", bufsize=AT_ONCE) as outer:
            for member in outer:
                part = outer.extractfile(member) if member.isreg() else None
                if part and (found := _blob(part, needles or {})):
                    blobs.setdefault(*found)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, UnicodeError) as error:
        raise EngineTrouble(f"The image could not be read, as Docker saved it: {error}") from None
    if missing := [digest for digest in layers if digest not in blobs]:
        raise EngineTrouble(f"Docker saved the image without a layer that it lists: {missing[0]}")
    return Contents(
        tuple(Layer(digest, blobs[digest].files, blobs[digest].bytes) for digest in layers),
        tuple(Found(what, file, place) for place, digest in enumerate(layers) for what, file in blobs[digest].seen),
    )


def _blob(part: Any, needles: Mapping[str, bytes]) -> tuple[str, _Blob] | None:
    """The digest of a part of the archive that is a tar, and what is in it; None for any other part."""
    head = part.peek(TAR_AT + len(TAR))
    if head.startswith(ZSTD):
        raise EngineTrouble("This Docker saves images with zstd, which cannot be read here.")
    packed = gzip.GzipFile(fileobj=part) if head.startswith(GZIP) else part
    is_tar = head[TAR_AT : TAR_AT + len(TAR)] == TAR or (head and not any(head))  # one without files is all zeros
    if packed is part and not is_tar:
        return None
    hashed, blob = _Hashed(packed), _Blob()
    with tarfile.open(fileobj=hashed, mode="r|", bufsize=AT_ONCE) as inner:  # type: ignore[call-overload]
        for member in inner:
            _look(inner, member, needles, blob)
    while hashed.read(CHUNK):  # what follows the archive's end belongs to the digest
        pass
    return hashed.digest, blob


def _look(inner: tarfile.TarFile, member: tarfile.TarInfo, needles: Mapping[str, bytes], blob: _Blob) -> None:
    blob.files += 1
    blob.bytes += member.size if member.isreg() else 0
    name = member.name.encode(errors="surrogateescape")
    seen = {what for what, needle in needles.items() if needle in name}
    content = inner.extractfile(member) if needles and member.isreg() else None
    if content:
        seen |= _in(content, needles)
    blob.seen += [(what, member.name) for what in sorted(seen)]


def _in(content: Any, needles: Mapping[str, bytes]) -> set[str]:
    """Which of the needles a file holds, wherever a chunk of it may end."""
    overlap = max(map(len, needles.values())) - 1
    seen: set[str] = set()
    tail = b""
    while chunk := content.read(CHUNK):
        window = tail + chunk
        seen |= {what for what, needle in needles.items() if needle in window}
        tail = window[-overlap:] if overlap else b""
    return seen


class _Hashed:
    """Reads, hashes and counts what is read. Raises EngineTrouble for more than an image may have."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._count = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._source.read(size)
        self._hash.update(data)
        self._count += len(data)
        if self._count > MOST_BYTES:
            raise EngineTrouble(f"A layer of the image has more than {MOST_BYTES >> 30} GiB.")
        return data


def _readable(chunks: Iterable[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Chunks(iter(chunks)), CHUNK)


class _Chunks(io.RawIOBase):
    """A file of chunks that come one after another."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
