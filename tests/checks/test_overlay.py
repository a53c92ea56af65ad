"""A shop to be judged consists of somebody's files and our own copy of what is not theirs."""

import os
import py_compile
from pathlib import Path

import pytest

from breakwater import paths
from breakwater.checks.overlay import OURS, lay_anew, lay_over, syntax_error
from breakwater.errors import BadInput


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    (folder / "orders" / "app").mkdir(parents=True)
    (folder / "orders" / "app" / "new.py").write_text("x = 1\n")
    return folder


def test_files_lie_over_the_naive_shop(files, tmp_path) -> None:
    shop = lay_over(files, tmp_path / "shop")
    assert (shop / "orders" / "app" / "new.py").read_text() == "x = 1\n"
    assert (shop / "gateway" / "app" / "main.py").exists()
    assert not (paths.BOXOFFICE / "orders" / "app" / "new.py").exists()


def test_a_whole_shop_stays_as_it_is_and_a_removed_file_stays_removed(files, tmp_path) -> None:
    own = lay_over(files, tmp_path / "own")
    (own / "orders" / "app" / "payments.py").unlink()
    shop = lay_over(None, tmp_path / "shop", base=own)
    assert (shop / "orders" / "app" / "new.py").exists()
    assert not (shop / "orders" / "app" / "payments.py").exists()


def files_of(shop) -> dict[str, str]:
    files = (path for path in shop.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(shop)): path.read_text() for path in files}


def test_a_shop_laid_anew_is_what_it_would_be_if_laid_for_the_first_time(tmp_path) -> None:
    own = lay_over(None, tmp_path / "own")
    shop = lay_over(None, tmp_path / "shop", base=own)
    orders = own / "orders" / "app"
    (orders / "main.py").write_text("x = 1\n")
    (orders / "payments.py").unlink()
    (orders / "payments.py").mkdir()
    (orders / "payments.py" / "new.py").write_text("y = 1\n")
    lay_anew(shop, own)
    assert files_of(shop) == files_of(lay_over(None, tmp_path / "fresh", base=own))
    (orders / "payments.py" / "new.py").unlink()
    (orders / "payments.py").rmdir()
    (orders / "payments.py").write_text("z = 1\n")
    lay_anew(shop, own)
    assert files_of(shop) == files_of(lay_over(None, tmp_path / "again", base=own))


def test_what_python_compiled_of_a_file_is_forgotten_when_it_is_laid_anew(tmp_path) -> None:
    own = lay_over(None, tmp_path / "own")
    shop = lay_over(None, tmp_path / "shop", base=own)
    compiled = [Path(py_compile.compile(str(shop / "orders" / "app" / name))) for name in ("main.py", "payments.py")]
    (own / "orders" / "app" / "main.py").write_text("x = 1\n")
    lay_anew(shop, own)
    assert [file.exists() for file in compiled] == [False, True]


@pytest.mark.parametrize("name", OURS)
def test_what_is_ours_is_ours_again(files, tmp_path, name) -> None:
    (files / name / "app").mkdir(parents=True)
    (files / name / "app" / "main.py").write_text("forged")
    shop = lay_over(files, tmp_path / "shop")
    assert "forged" not in [file.read_text() for file in (shop / name).rglob("*.py")]
    originals = sorted(file.name for file in (paths.BOXOFFICE / name).rglob("*.*") if "__pycache__" not in file.parts)
    assert sorted(file.name for file in (shop / name).rglob("*.*")) == originals


def test_crumbs_stay_behind(files, tmp_path) -> None:
    (files / "orders" / "app" / "__pycache__").mkdir()
    (files / "orders" / "app" / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"evil")
    assert not list(lay_over(files, tmp_path / "shop").rglob("*.pyc"))


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe"])
def test_anything_but_files_and_folders_is_refused(files, tmp_path, kind) -> None:
    place = files / "orders" / "odd"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/etc/passwd" if kind == "link" else "/etc")
    with pytest.raises(BadInput, match=r"orders/odd in .* is (a link|neither)"):
        lay_over(files, tmp_path / "shop")


def test_no_folder_and_a_file_in_a_folders_place_are_bad_input(files, tmp_path) -> None:
    with pytest.raises(BadInput, match="Give one that holds"):
        lay_over(tmp_path / "nowhere", tmp_path / "a")
    (files / "gateway").write_text("a file")
    with pytest.raises(BadInput, match="cannot be laid over"):
        lay_over(files, tmp_path / "b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"def x(:\n", "orders/app/new.py, line 1: invalid syntax"),
        (b"x = '\\d'\nprint(\n", "orders/app/new.py, line 2: '(' was never closed"),
        (b"\x00", "orders/app/new.py: source code string cannot contain null bytes"),
        (b"\xff", "orders/app/new.py, line 1: (unicode error)"),
        (b"(" * 100_000, "orders/app/new.py"),
    ],
)
def test_a_syntax_error_names_file_and_line(files, tmp_path, text, said) -> None:
    (files / "orders" / "app" / "new.py").write_bytes(text)
    assert (syntax_error(lay_over(files, tmp_path / "shop")) or "").startswith(said)


def test_the_naive_shop_has_no_syntax_error() -> None:
    assert syntax_error(paths.BOXOFFICE) is None
