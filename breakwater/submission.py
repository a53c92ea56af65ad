"""A submission: one archive with the learner's whole shop, the module's notebooks and a manifest.

An archive is laid as nbgrader lays a submitted assignment: `*.ipynb` and `shop/…`, with `manifest.json` beside.
What comes in is not trusted: `read` and `unpack` refuse whatever could reach outside its folder, is too large, or
is not what the manifest says, each in one line. Equal content gives an equal archive.
"""

import hashlib
import os
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError, field_validator

from breakwater.bases import is_crumb
from breakwater.errors import BadInput, EngineTrouble
from breakwater.toml import Table

FORMAT = 1
MANIFEST = "manifest.json"
MAX_BYTES = 20 * 1024 * 1024  # unpacked; a shop is well under 1 MiB, a notebook with its plots under 5
MAX_FILES = 5000
MAX_NAME = 200
EPOCH = (1980, 1, 1, 0, 0, 0)
BLOCK = 64 * 1024
# What `zipfile` raises on crafted archives; OSError where one points outside the file.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class Manifest(Table):
    """What an archive says about itself.

    `learner` is the name that was given; `submitted_at` is ISO 8601; `files` maps each path to its SHA-256.
    """

    format: int
    module: str = Field(pattern=r"^\d\d-[a-z-]+$")
    learner: str = Field(min_length=1, max_length=80)
    submitted_at: str
    files: dict[str, str]

    @property
    def student_id(self) -> str:
        """The name as a folder's name: lower-case letters, digits, `.`, `_` and `-` only."""
        plain = unicodedata.normalize("NFKD", self.learner).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9._-]+", "-", plain).strip(".-_") or f"learner-{_sha256(self.learner.encode())[:8]}"

    @field_validator("learner")
    @classmethod
    def _is_a_name(cls, learner: str) -> str:
        if not learner.isprintable() or learner != learner.strip():
            raise ValueError("the learner's name must be printable, without spaces around it")
        return learner

    @field_validator("submitted_at")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        datetime.fromisoformat(text)
        return text


def pack(folders: Mapping[str, Path], target: Path, *, module: str, learner: str, submitted_at: str) -> Manifest:
    """Write the archive `target` and return its manifest.

    `folders` maps a place in the archive to the folder that goes there: `shop`, or an empty string for the
    archive's top, where only notebooks are taken.

    Raises:
        BadInput: a link or a special file, a name that is no name, or too much; the message names the file.
    """
    files = dict(sorted((name, file) for place, folder in folders.items() for name, file in _walk(place, folder)))
    _bound({name: file.stat().st_size for name, file in files.items()}, "Your submission")
    _names_are_safe(files, "Your submission")
    digests = {name: _sha256(file.read_bytes()) for name, file in files.items()}
    manifest = _manifest(
        {"format": FORMAT, "module": module, "learner": learner, "submitted_at": submitted_at, "files": digests},
        "Your submission",
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.{os.getpid()}")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as zipped:
        _add(zipped, MANIFEST, manifest.model_dump_json(indent=2).encode(), runnable=False)
        for name, file in files.items():
            _add(zipped, name, file.read_bytes(), runnable=os.access(file, os.X_OK))
    half.replace(target)
    return manifest


def read(archive: Path, *, module: str | None = None) -> Manifest:
    """Return an archive's manifest, after all that can be wrong with the archive was looked at.

    Raises:
        BadInput: it is no archive of ours, unsafe, too large, damaged, or for another module than `module`.
    """
    with _opened(archive, module) as (zipped, manifest):
        for info in _members(zipped):
            _contents(zipped, info, manifest, archive.name)
    return manifest


def unpack(archive: Path, into: Path, *, module: str | None = None) -> Manifest:
    """Unpack an archive into the folder `into`, which must be new or empty, and return its manifest.

    After an error nothing of it is there.

    Raises:
        BadInput: as `read`; or there is something in `into`.
        EngineTrouble: this machine could not write it.
    """
    half = into.with_name(f".{into.name}.{os.getpid()}")
    shutil.rmtree(half, ignore_errors=True)
    try:
        with _opened(archive, module) as (zipped, manifest):
            for info in _members(zipped):
                _write(half / info.filename, _contents(zipped, info, manifest, archive.name), _mode(info))
        half.mkdir(parents=True, exist_ok=True)
        _move(half, into)
    except OSError as error:
        raise EngineTrouble(f"{archive} could not be unpacked into {into}: {error.strerror}.") from None
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return manifest


def _walk(place: str, folder: Path) -> Iterator[tuple[str, Path]]:
    if not place:
        yield from ((file.name, file) for file in folder.glob("*.ipynb") if _regular(file))
        return
    for parent, names, files in os.walk(folder):
        inside = PurePosixPath(place, Path(parent).relative_to(folder).as_posix())
        names[:] = [name for name in names if not is_crumb(Path(name)) and not _is_link(Path(parent, name))]
        for name in files:
            if not is_crumb(Path(name)) and _regular(Path(parent, name)):
                yield str(inside / name), Path(parent, name)


def _is_link(file: Path) -> bool:
    if file.is_symlink():
        raise BadInput(f"{file} is a symbolic link; a submission holds files only. Replace it by what it points to.")
    return False


def _regular(file: Path) -> bool:
    if not _is_link(file) and not file.is_file():
        raise BadInput(f"{file} is not a regular file (a socket, a pipe or a device). Delete it, then submit again.")
    return True


def _bound(sizes: Mapping[str, int], whose: str) -> None:
    total = sum(sizes.values())
    if total > MAX_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise BadInput(
            f"{whose} has {_mib(total)} unpacked, and {_mib(MAX_BYTES)} is the limit; "
            f"the largest file is {largest} ({_mib(sizes[largest])})."
        )
    if len(sizes) > MAX_FILES:
        raise BadInput(f"{whose} has {len(sizes)} files, and {MAX_FILES} is the limit.")


def _names_are_safe(names: Iterable[str], whose: str) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if not _is_safe(name):
            raise BadInput(f"{whose} holds a file named {name[:MAX_NAME]!r}, which is not a safe name for one.")
        if (twin := seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)) != name:
            raise BadInput(f"{whose} holds {twin} and {name}, which are one file on some machines.")
    folders = {str(parent) for name in seen.values() for parent in PurePosixPath(name).parents}
    if both := folders & set(seen.values()):
        raise BadInput(f"{whose} holds {both.pop()} as a file and as a folder.")


def _is_safe(name: str) -> bool:
    parts = name.split("/")
    if len(name) > MAX_NAME or not name.isprintable() or set(name) & set('\\:*?"<>|'):
        return False
    if any(part in ("", ".", "..") or part != part.strip() for part in parts):
        return False
    in_shop, notebook = parts[0] == "shop" and len(parts) > 1, len(parts) == 1 and name.endswith(".ipynb")
    return in_shop or notebook or name == MANIFEST


def _add(zipped: zipfile.ZipFile, name: str, content: bytes, *, runnable: bool) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.create_system = 3  # Unix, whatever this machine is
    info.external_attr = (stat.S_IFREG | (0o755 if runnable else 0o644)) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    zipped.writestr(info, content)


@contextmanager
def _opened(archive: Path, module: str | None) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """The archive and its manifest, once names, kinds, sizes and the module are known to be right."""
    whose = archive.name
    try:
        raw = archive.open("rb")
    except OSError as error:
        raise BadInput(f"{archive} cannot be read: {error.strerror}.") from None
    with raw, ExitStack() as stack:
        size = os.fstat(raw.fileno()).st_size
        if size > MAX_BYTES:
            raise BadInput(f"{whose} has {_mib(size)}, and {_mib(MAX_BYTES)} is the limit.")
        with _reading(whose):
            zipped = stack.enter_context(zipfile.ZipFile(raw))
        _members_are_safe(zipped, whose)
        with _reading(whose):
            manifest = _manifest_in(zipped, whose)
        _belongs(zipped, manifest, module, whose)
        yield zipped, manifest


@contextmanager
def _reading(whose: str) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise BadInput(f"{whose} is damaged, or was not made by `course submit`: {error}.") from None


def _members_are_safe(zipped: zipfile.ZipFile, whose: str) -> None:
    infos = zipped.infolist()
    names = [info.filename for info in infos]
    if twice := {name for name in names if names.count(name) > 1} if len(names) <= MAX_FILES else set():
        raise BadInput(f"{whose} holds {twice.pop()!r} twice.")
    _bound({info.filename: info.file_size for info in infos}, whose)
    _names_are_safe(names, whose)
    for info in infos:
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise BadInput(f"{whose} holds {info.filename}, which is a link or a special file.")


def _manifest_in(zipped: zipfile.ZipFile, whose: str) -> Manifest:
    if MANIFEST not in zipped.namelist():
        raise BadInput(f"{whose} has no {MANIFEST}; `course submit` writes one.")
    return _manifest(zipped.read(MANIFEST), whose)


def _manifest(data: bytes | dict[str, object], whose: str) -> Manifest:
    try:
        read = Manifest.model_validate_json(data) if isinstance(data, bytes) else Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadInput(f"{whose}: the manifest does not fit: {where}: {first['msg']}.") from None
    if read.format != FORMAT:
        raise BadInput(f"{whose} has format {read.format}, and this copy of the course reads {FORMAT}. Update one.")
    return read


def _belongs(zipped: zipfile.ZipFile, manifest: Manifest, module: str | None, whose: str) -> None:
    if module and manifest.module != module:
        raise BadInput(f"{whose} is a submission for {manifest.module}, not for {module}.")
    there = set(zipped.namelist()) - {MANIFEST}
    for name in sorted(there ^ manifest.files.keys()):
        raise BadInput(f"{whose}: {name} is {'not in the manifest' if name in there else 'missing'}.")


def _members(zipped: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (info for info in zipped.infolist() if info.filename != MANIFEST)


def _contents(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, manifest: Manifest, whose: str) -> bytes:
    """One file's contents, never more than its stated size, and what the manifest says."""
    with _reading(whose), zipped.open(info) as member:
        content = member.read(info.file_size)
    if _sha256(content) != manifest.files[info.filename]:
        raise BadInput(f"{whose}: {info.filename} is not what the manifest says (its SHA-256 differs).")
    return content


def _write(file: Path, content: bytes, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(mode)


def _mode(info: zipfile.ZipInfo) -> int:
    return 0o755 if info.external_attr >> 16 & stat.S_IXUSR else 0o644


def _move(half: Path, into: Path) -> None:
    try:
        half.rename(into)
    except OSError:
        raise BadInput(f"{into} is there already and is not an empty folder.") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"
