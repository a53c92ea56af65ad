"""Layers are read as a stream: every file of every layer, in both layouts of `docker save`, and nothing is written."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from breakwater.checks.images import written
from breakwater.engines.trial import layers
from breakwater.errors import EngineTrouble

SECRET = "8c1f0f6a-a-password"


def tar(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def digest(layer: bytes) -> str:
    return f"sha256:{hashlib.sha256(layer).hexdigest()}"


def in_chunks(archive: bytes, size: int = 10_007) -> Iterator[bytes]:
    return (archive[at : at + size] for at in range(0, len(archive), size))


def saved(*contents: bytes, pack: bool = False) -> bytes:
    """An image as `docker save` gives it, the layers last to first, with what else is in such an archive."""
    parts = {f"blobs/sha256/{n}": gzip.compress(layer) if pack else layer for n, layer in enumerate(contents)}
    return tar(dict(reversed(parts.items())) | {"manifest.json": b"[]", "blobs/sha256/config": b'{"rootfs": 1}'})


@pytest.mark.parametrize("pack", [False, True])
def test_what_a_later_layer_hides_is_found_all_the_same(pack: bool) -> None:
    first = tar({"srv/local.env": f"TOKEN={SECRET}".encode(), "srv/app.py": b"x" * 5_000})
    then = tar({"srv/.wh.local.env": b""})
    contents = layers.read(in_chunks(saved(first, then, pack=pack)), [digest(first), digest(then)], written(SECRET))
    assert [(found.file, found.layer) for found in contents.found] == [("srv/local.env", 0)]
    assert [(layer.files, layer.bytes) for layer in contents.layers] == [(2, 5_000 + 6 + len(SECRET)), (1, 0)]


@pytest.mark.parametrize("shift", range(3))
def test_a_secret_in_base64_is_found_wherever_it_begins(shift: int) -> None:
    import base64

    layer = tar({"x": base64.b64encode(b"x" * shift + SECRET.encode() + b"yz")})
    contents = layers.read([saved(layer)], [digest(layer)], written(SECRET))
    assert contents.found


def test_a_secret_across_two_chunks_is_found() -> None:
    content = b"x" * (layers.CHUNK - 4) + SECRET.encode()
    layer = tar({"big": content})
    assert layers.read([saved(layer)], [digest(layer)], written(SECRET)).found


def test_a_secret_in_a_name_is_found() -> None:
    layer = tar({f"srv/{SECRET}.txt": b""})
    assert layers.read([saved(layer)], [digest(layer)], written(SECRET)).found


def test_a_layer_without_files_is_a_layer() -> None:
    """As WORKDIR makes one where the folder is there already."""
    empty, own = tar({}), tar({"b": b"22"})
    contents = layers.read([saved(empty, own)], [digest(empty), digest(own)])
    assert [(layer.files, layer.bytes) for layer in contents.layers] == [(0, 0), (1, 2)]


def test_the_layers_above_a_base_are_told_apart() -> None:
    base, own = tar({"a": b"1"}), tar({"b": b"22"})
    contents = layers.read([saved(base, own)], [digest(base), digest(own)])
    assert [layer.bytes for layer in contents.above([digest(base)])] == [2]


def test_nothing_is_written_whatever_names_an_archive_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layer = tar({"../../escaped": b"x", "/tmp/absolute-of-a-layer": b"x"})
    layers.read([saved(layer)], [digest(layer)], {"x": b"never there"})
    assert list(tmp_path.iterdir()) == []
    assert not Path("/tmp/absolute-of-a-layer").exists()


def test_a_layer_that_is_not_there_is_trouble_of_ours() -> None:
    layer = tar({"a": b"1"})
    with pytest.raises(EngineTrouble, match="without a layer that it lists"):
        layers.read([saved(layer)], [digest(layer), "sha256:other"])


def test_an_archive_that_breaks_off_is_trouble_of_ours() -> None:
    layer = tar({"a": b"1" * 50_000})
    with pytest.raises(EngineTrouble):
        layers.read([saved(layer)[:20_000]], [digest(layer)])


def test_zstd_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineTrouble, match="zstd"):
        layers.read([tar({"blobs/sha256/0": layers.ZSTD + b"x" * 600})], ["sha256:0"])


def test_a_layer_without_end_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MOST_BYTES", 10_000)
    layer = tar({"bomb": bytes(5 << 20)})
    with pytest.raises(EngineTrouble, match="A layer of the image has more than"):
        layers.read([saved(layer, pack=True)], [digest(layer)])
