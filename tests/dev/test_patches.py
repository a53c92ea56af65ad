"""Reading the header of an answer, and telling whether it still fits."""

from pathlib import Path
from typing import Any

import pytest

from breakwater.dev.patches import Patch, blob_id, header_lines, read_patches, still_fits
from breakwater.dev.variants import apply, patch_applies

BODY = """\
diff --git a/orders/app/main.py b/orders/app/main.py
index 1111111..2222222 100644
--- a/orders/app/main.py
+++ b/orders/app/main.py
@@ -1 +1 @@
-Why: this is code
+Loses: this too
"""


def patch(header: str, kind: str = "wrong") -> Patch:
    return Patch(Path("slow.patch"), kind, f"{header}\n{BODY}")


def test_a_header_has_one_key_a_line_and_continues_indented() -> None:
    one = patch("Why: no deadline at all,\n  in either service\nMisconception: it never hangs\nLoses: a-b, 42-h1\n")
    assert one.header == {
        "Why": "no deadline at all, in either service",
        "Misconception": "it never hangs",
        "Loses": "a-b, 42-h1",
    }
    assert one.loses == ("a-b", "42-h1")
    assert one.may_lose == ()
    assert not one.blind


def test_the_body_is_no_header() -> None:
    one = patch("Why: x\nLoses: a\nMay lose: b c\nBlind: yes\n")
    assert one.body == BODY
    assert one.head + one.body == one.text
    assert (one.loses, one.may_lose, one.blind) == (("a",), ("b", "c"), True)
    assert one.files == ("orders/app/main.py",)
    assert list(one.preimages()) == [("orders/app/main.py", "1111111")]
    assert one.name == "wrong/slow"


def test_a_line_that_is_no_entry_has_an_empty_key() -> None:
    assert list(header_lines("Why: x\n\nnonsense\n")) == [("Why", "x", 1), ("", "nonsense", 3)]


def test_a_blob_has_the_id_that_git_gives_it() -> None:
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_patch_fits_the_reference_that_it_was_made_against(tree: Any) -> None:
    (one,) = read_patches(tree.module, "other")
    assert still_fits(tree.module, one)
    assert patch_applies(tree.module, one)


def test_a_patch_may_fit_no_longer_and_still_apply(tree: Any) -> None:
    file = "solutions/42-lantern/boxoffice/orders/app/main.py"
    tree.change(file, "LIT = True", "LIT = bool(1)")
    (one,) = read_patches(tree.module, "other")
    assert not still_fits(tree.module, one)
    assert patch_applies(tree.module, one)


def test_a_patch_may_add_a_file(tree: Any, tmp_path: Path) -> None:
    new = "diff --git a/orders/app/new.py b/orders/app/new.py\nnew file mode 100644\nindex 0000000..5626abf\n"
    one = Patch(tmp_path, "other", f"{new}--- /dev/null\n+++ b/orders/app/new.py\n@@ -0,0 +1 @@\n+one\n")
    assert still_fits(tree.module, one)
    apply(one, tmp_path)
    assert (tmp_path / "orders/app/new.py").read_text() == "one\n"


def test_what_does_not_apply_is_told_in_gits_words(tree: Any, tmp_path: Path) -> None:
    (one,) = read_patches(tree.module, "other")
    with pytest.raises(ValueError, match=r"^error: orders/app/main.py: No such file or directory$"):
        apply(one, tmp_path)
