"""A submission holds what the learner made; what comes in is refused where it is unsafe, in one line."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths, progress, submission, workspace
from breakwater.errors import BadInput

SHOP = {"shop/orders/app.py": b"WAIT_S = 1\n", "lesson.ipynb": b"{}"}


def manifest_of(files: dict[str, bytes], **other: Any) -> dict[str, Any]:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    known = {"format": 1, "module": "09-resilience", "learner": "Ada", "submitted_at": "2026-11-24T22:00:00+00:00"}
    return known | {"files": digests} | other


def archive_of(tmp_path: Path, files: dict[str, bytes] | None = None, manifest: Any = None, **other: Any) -> Path:
    files = SHOP if files is None else files
    archive = tmp_path / "ada.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest_of(files, **other))
        zipped.writestr("manifest.json", text)
        for name, content in files.items():
            zipped.writestr(name, content)
    return archive


def refusal(archive: Path, into: Path, **options: Any) -> str:
    with pytest.raises(BadInput) as read:
        submission.read(archive, **options)
    with pytest.raises(BadInput) as unpacked:
        submission.unpack(archive, into, **options)
    assert str(read.value) == str(unpacked.value)
    assert "\n" not in str(read.value)
    assert not into.exists()
    assert [p.name for p in into.parent.iterdir() if p.name.startswith(".")] == []
    return str(read.value)


# What `course submit` makes


def test_the_archive_is_laid_as_nbgrader_lays_a_submission(course: Path, tmp_path: Path) -> None:
    workspace.start("9")
    (paths.work() / "shop/orders/app.py").write_text("WAIT_S = 1\n")
    for crumb in (".venv/bin/python", "__pycache__/a.pyc", ".git/HEAD", "orders/.mypy_cache/x"):
        (paths.work() / "shop" / crumb).parent.mkdir(parents=True, exist_ok=True)
        (paths.work() / "shop" / crumb).write_text("crumb") if crumb != ".git/HEAD" else None
    done = workspace.submit("9", "Ada Löwe")
    assert done.archive.name.startswith("09-resilience-ada-lowe-")
    read = submission.unpack(done.archive, tmp_path / "ada", module="09-resilience")
    assert read == done.manifest
    assert (read.module, read.learner, read.student_id) == ("09-resilience", "Ada Löwe", "ada-lowe")
    there = sorted(str(p.relative_to(tmp_path / "ada")) for p in (tmp_path / "ada").rglob("*") if p.is_file())
    assert there == ["lesson.ipynb", "shop/compose.yaml", "shop/gateway/app.py", "shop/orders/app.py"]
    assert (tmp_path / "ada/shop/orders/app.py").read_text() == "WAIT_S = 1\n"
    assert progress.is_finished("09-resilience")


def test_equal_content_gives_an_equal_archive(course: Path) -> None:
    first = workspace.submit("9", "Ada")
    content = first.archive.read_bytes()
    os.utime(paths.work() / "shop/orders/app.py", (0, 0))
    again = workspace.submit("9", "Ada")
    assert (again.archive, again.archive.read_bytes()) == (first.archive, content)
    (paths.work() / "shop/orders/app.py").write_text("WAIT_S = 1\n")
    assert workspace.submit("9", "Ada").manifest.files != first.manifest.files


def test_what_was_submitted_is_in_the_history(course: Path) -> None:
    workspace.start("9")
    (paths.work() / "shop/orders/app.py").write_text("WAIT_S = 1\n")
    workspace.submit("9", "Ada")
    log = [
        "git",
        "-C",
        str(paths.work()),
        "-c",
        "safe.directory=*",
        "log",
        "-1",
        "--format=%s",
        "refs/course/submit/09-resilience",
    ]
    assert subprocess.run(log, check=True, capture_output=True, text=True).stdout == "Submit 09-resilience\n"


def test_the_name_comes_from_git_or_the_machine(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "machine")
    assert workspace.submit("9").manifest.learner == "machine"
    (tmp_path / ".gitconfig").write_text("[user]\nname = Ada of Git\n")
    assert workspace.submit("9").manifest.learner == "Ada of Git"


@pytest.mark.parametrize(
    ("learner", "student"),
    [("Ada Lovelace", "ada-lovelace"), ("../../etc", "etc"), ("  x", "x"), ("李雷", "learner-"), ("a/b", "a-b")],
)
def test_a_student_id_is_a_safe_folder_name(learner: str, student: str) -> None:
    made = submission.Manifest.model_construct(learner=learner)
    assert made.student_id.startswith(student)


def test_a_link_is_told_and_not_followed(course: Path) -> None:
    workspace.start("9")
    (paths.work() / "shop/orders/secret").symlink_to("/etc/passwd")
    with pytest.raises(BadInput, match=r"shop/orders/secret is a symbolic link"):
        workspace.submit("9", "Ada")
    (paths.work() / "shop/orders/secret").unlink()
    (paths.work() / "shop/linked").symlink_to(paths.work() / "shop/orders")
    with pytest.raises(BadInput, match=r"shop/linked is a symbolic link"):
        workspace.submit("9", "Ada")


def test_a_pipe_is_told(course: Path) -> None:
    workspace.start("9")
    os.mkfifo(paths.work() / "shop/orders/pipe")
    with pytest.raises(BadInput, match=r"shop/orders/pipe is not a regular file"):
        workspace.submit("9", "Ada")


def test_too_much_is_told_with_the_largest_file(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "MAX_BYTES", 2 * 1024 * 1024)
    workspace.start("9")
    (paths.work() / "shop/dump.sql").write_bytes(b"x" * 3 * 1024 * 1024)
    with pytest.raises(BadInput, match=r"3\.0 MiB unpacked, and 2\.0 MiB is the limit; .* shop/dump\.sql \(3\.0 MiB\)"):
        workspace.submit("9", "Ada")
    assert list((paths.work() / "submissions").iterdir()) == []


# What comes in


def test_an_honest_archive_is_unpacked_with_its_modes(tmp_path: Path) -> None:
    for name, content in SHOP.items():
        file = tmp_path / "work" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (tmp_path / "work/shop/orders/app.py").chmod(0o755)
    folders = {"": tmp_path / "work", "shop": tmp_path / "work/shop"}
    now = "2026-11-24T22:00:00+00:00"
    submission.pack(folders, tmp_path / "a.zip", module="09-resilience", learner="Ada", submitted_at=now)
    (tmp_path / "into").mkdir()
    submission.unpack(tmp_path / "a.zip", tmp_path / "into")
    assert stat.S_IMODE((tmp_path / "into/shop/orders/app.py").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "into/lesson.ipynb").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "name",
    ["../evil.ipynb", "/etc/passwd", "shop/../../evil", "shop/./a", "shop//a", "shop\\..\\..\\a", "C:/a.ipynb",
     "evil.py", "other/a.py", "shop", "a/lesson.ipynb", "shop/a\nb", "shop/" + "a" * 300, "shop/ a", "shop/a:b"],
)  # fmt: skip
def test_an_unsafe_name_is_refused(tmp_path: Path, name: str) -> None:
    archive = archive_of(tmp_path, {**SHOP, name: b"x"})
    assert "not a safe name" in refusal(archive, tmp_path / "into")


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    files = {**SHOP, "shop/link": b"/etc/passwd"}
    archive = archive_of(tmp_path, SHOP, manifest_of(files) and json.dumps(manifest_of(files)))
    with zipfile.ZipFile(archive, "a") as zipped:
        info = zipfile.ZipInfo("shop/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(info, "/etc/passwd")
    assert refusal(archive, tmp_path / "into").endswith("holds shop/link, which is a link or a special file.")


def test_a_wrong_digest_is_refused(tmp_path: Path) -> None:
    manifest = manifest_of({**SHOP, "lesson.ipynb": b"other"})
    archive = archive_of(tmp_path, SHOP, json.dumps(manifest))
    assert "lesson.ipynb is not what the manifest says" in refusal(archive, tmp_path / "into")


def test_more_or_less_than_the_manifest_is_refused(tmp_path: Path) -> None:
    more = {**SHOP, "shop/extra.py": b""}
    archive = archive_of(tmp_path, more, json.dumps(manifest_of(SHOP)))
    assert refusal(archive, tmp_path / "into") == "ada.zip: shop/extra.py is not in the manifest."
    archive = archive_of(tmp_path, SHOP, json.dumps(manifest_of(more)))
    assert refusal(archive, tmp_path / "into") == "ada.zip: shop/extra.py is missing."


def test_another_module_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path)
    assert submission.read(archive, module="09-resilience").learner == "Ada"
    said = refusal(archive, tmp_path / "into", module="05-data")
    assert said == "ada.zip is a submission for 09-resilience, not for 05-data."


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(tmp_path, {**SHOP, "shop/zeros": bytes(submission.MAX_BYTES + 1)})
    assert archive.stat().st_size < 100_000
    assert "20.0 MiB is the limit" in refusal(archive, tmp_path / "into")
    monkeypatch.setattr(submission, "MAX_FILES", 100)
    archive = archive_of(tmp_path, {f"shop/{n}": b"" for n in range(101)})
    assert "102 files, and 100 is the limit" in refusal(archive, tmp_path / "into")


def test_a_size_that_lies_gives_no_more_than_it_says(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, {"shop/zeros": bytes(1000)})
    content = archive.read_bytes()
    lying = content.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != content
    archive.write_bytes(lying)
    refusal(archive, tmp_path / "into")


@pytest.mark.parametrize(
    "names", [("shop/a", "shop/a/b"), ("shop/A.py", "shop/a.py"), ("shop/e\u0301", "shop/\u00e9")], ids=repr
)
def test_names_that_collide_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    said = refusal(archive_of(tmp_path, dict.fromkeys(names, b"")), tmp_path / "into")
    assert "as a file and as a folder" in said or "one file on some machines" in said


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path)
    with zipfile.ZipFile(archive, "a") as zipped, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zipped.writestr("lesson.ipynb", b"another")
    assert "holds 'lesson.ipynb' twice" in refusal(archive, tmp_path / "into")


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, {"shop/a": b"x" * 100})
    content = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(signature) + offset] |= 1
    archive.write_bytes(content)
    assert "is damaged, or was not made by `course submit`" in refusal(archive, tmp_path / "into")


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("not json", "the manifest does not fit: the whole: Invalid JSON"),
        ("[" * 100_000, "the manifest does not fit: the whole: Invalid JSON"),
        ("[]", "the manifest does not fit"),
        (json.dumps(manifest_of(SHOP, format=2)), "has format 2, and this copy of the course reads 1"),
        (json.dumps(manifest_of(SHOP, extra=1)), "the manifest does not fit: extra"),
        (json.dumps(manifest_of(SHOP, module="../x")), "the manifest does not fit: module"),
        (json.dumps(manifest_of(SHOP, learner="a\nb")), "the manifest does not fit: learner"),
        (json.dumps(manifest_of(SHOP, learner="a" * 81)), "the manifest does not fit: learner"),
        (json.dumps(manifest_of(SHOP, submitted_at="now")), "the manifest does not fit: submitted_at"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, manifest: str, says: str) -> None:
    assert says in refusal(archive_of(tmp_path, SHOP, manifest), tmp_path / "into")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ada.zip").write_bytes(b"hello")
    assert "is damaged, or was not made by `course submit`" in refusal(tmp_path / "ada.zip", tmp_path / "into")
    assert "cannot be read: No such file or directory." in refusal(tmp_path / "none.zip", tmp_path / "into")
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as zipped:
        zipped.writestr("lesson.ipynb", "{}")
    assert "has no manifest.json; `course submit` writes one" in refusal(tmp_path / "ada.zip", tmp_path / "into")


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_cut_archive_is_refused(tmp_path: Path, share: float) -> None:
    archive = archive_of(tmp_path)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    refusal(archive, tmp_path / "into")


def test_any_changed_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    archive = archive_of(tmp_path)
    content = archive.read_bytes()
    for place in range(len(content)):
        archive.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        shutil.rmtree(tmp_path / "into", ignore_errors=True)
        try:
            submission.unpack(archive, tmp_path / "into")
        except BadInput:
            continue
        there = {
            str(p.relative_to(tmp_path / "into")): p.read_bytes() for p in (tmp_path / "into").rglob("*") if p.is_file()
        }
        assert there == SHOP


def test_an_occupied_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / "mine").touch()
    with pytest.raises(BadInput, match="is there already and is not an empty folder"):
        submission.unpack(archive_of(tmp_path), tmp_path / "into")
    assert [p.name for p in (tmp_path / "into").iterdir()] == ["mine"]
