"""A report counts only if this class's judge signed it, about this submission."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from autograder import digest, signing
from autograder.classroom import REPORT, Classroom

SAID = {"checks": [{"id": "a", "points": 1.0}]}


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    room = Classroom(tmp_path / "class")
    room.submitted("42-sample", "ada").mkdir(parents=True)
    return room


@pytest.fixture
def about(room: Classroom) -> signing.Seal:
    folder = room.submitted("42-sample", "ada")
    (folder / "lesson.ipynb").write_text("{}")
    return signing.Seal("ada", "42-sample", digest.submission(folder))


def report(room: Classroom) -> Path:
    return room.submitted("42-sample", "ada") / REPORT


def test_what_was_sealed_is_read(room: Classroom, about: signing.Seal) -> None:
    signing.seal(room, about, SAID)
    assert signing.unseal(room, about)["checks"] == SAID["checks"]


def test_the_report_is_no_part_of_the_submission(room: Classroom, about: signing.Seal) -> None:
    signing.seal(room, about, SAID)
    assert digest.submission(room.submitted("42-sample", "ada")) == about.submission


def test_an_edited_report_does_not_count(room: Classroom, about: signing.Seal) -> None:
    signing.seal(room, about, SAID)
    report(room).write_text(report(room).read_text().replace("1.0", "9.0"))
    with pytest.raises(signing.NotOurs, match="was not signed by this class's judge"):
        signing.unseal(room, about)


def test_a_report_signed_by_another_key_does_not_count(room: Classroom, about: signing.Seal) -> None:
    signed = json.dumps({**SAID, **about.__dict__})
    forged = base64.b64encode(Ed25519PrivateKey.generate().sign(signed.encode())).decode()
    report(room).write_text(json.dumps({"signature": forged, "signed": signed}))
    with pytest.raises(signing.NotOurs, match="was not signed"):
        signing.unseal(room, about)


@pytest.mark.parametrize("other", ["student", "module", "submission"])
def test_a_report_about_something_else_does_not_count(room: Classroom, about: signing.Seal, other: str) -> None:
    told = about.__dict__ | {other: "another"}
    signing.seal(room, about, {})
    sealed = signing.Seal(**told)
    room.submitted(sealed.module, sealed.student).mkdir(parents=True, exist_ok=True)
    signing.seal(room, sealed, SAID)
    source = room.submitted(sealed.module, sealed.student) / REPORT
    report(room).write_text(source.read_text())
    with pytest.raises(signing.NotOurs, match=f"is about another {other}"):
        signing.unseal(room, about)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"signature": 1, "signed": 2}', "\0"])
def test_what_is_no_report_does_not_count(room: Classroom, about: signing.Seal, text: str) -> None:
    report(room).write_text(text)
    with pytest.raises(signing.NotOurs):
        signing.unseal(room, about)


def test_only_the_owner_can_read_the_key(room: Classroom) -> None:
    signing.public_key(room)
    assert (room.keys / "report.key").stat().st_mode & 0o077 == 0


def test_the_key_is_made_once(room: Classroom) -> None:
    assert signing.public_key(room) == signing.public_key(room)
    assert room.seed() == room.seed()
