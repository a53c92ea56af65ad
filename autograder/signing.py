"""The judge's report, signed: what stands between a learner's code and a learner's score.

A report is signed with the class's Ed25519 key, which never leaves `class/keys/` and is never visible where a
submission runs. What is signed names the student, the module and the digest of the submission, so that neither an
edited report, nor somebody else's, nor one for an earlier submission counts.

Two places verify. `SaveGrades` (the scores) runs outside the sandbox, with the public key from `class/keys/`. The
cells of `lab.ipynb` (what people read) hold the public key in a locked cell: when a class first grades a module,
that cell enters the class's gradebook with the key in it, and nbgrader puts the gradebook's copy of a locked cell
in place of whatever was submitted. The released `modules/NN-topic/lab.ipynb` is the same for all classes, so it
holds no key, and says that nothing is graded yet.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from autograder.classroom import REPORT, Classroom, secret, write_whole
from breakwater.errors import CourseError


class NotOurs(CourseError):
    """A report is missing, altered, or about another submission."""


@dataclass(frozen=True)
class Seal:
    """What a signed report is about. `submission` is the digest of what was handed in."""

    student: str
    module: str
    submission: str


def public_key(room: Classroom) -> str:
    """The class's public key in base64; the pair is made at first use."""
    return _text(_private(room).public_key().public_bytes_raw())


def seal(room: Classroom, about: Seal, said: dict[str, Any]) -> None:
    """Sign what is `said` about a submission, and lay it beside the submitted notebooks."""
    signed = json.dumps({**said, **about.__dict__}, sort_keys=True)
    signature = _text(_private(room).sign(signed.encode()))
    sealed = json.dumps({"signature": signature, "signed": signed}, indent=1)
    write_whole(room.submitted(about.module, about.student) / REPORT, sealed + "\n")


def unseal(room: Classroom, about: Seal) -> dict[str, Any]:
    """Return what was said about a submission.

    Raises:
        NotOurs: there is no report, its signature does not hold, or it is about something else.
    """
    file = room.submitted(about.module, about.student) / REPORT
    said = _verified(file, Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key(room))))
    for key, value in about.__dict__.items():
        if said.get(key) != value:
            raise NotOurs(f"{file} is about another {key}: judge it again with course grade {about.module[:2]}")
    return said


def _verified(file: Path, key: Ed25519PublicKey) -> dict[str, Any]:
    try:
        sealed = json.loads(file.read_text(encoding="utf-8"))
        key.verify(base64.b64decode(sealed["signature"]), sealed["signed"].encode())
        said: dict[str, Any] = json.loads(sealed["signed"])
    except FileNotFoundError:
        raise NotOurs(f"{file} is not there: the submission has not been judged") from None
    except InvalidSignature:
        raise NotOurs(f"{file} was not signed by this class's judge") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotOurs(f"{file} is no report: {error}") from None
    return said


def _private(room: Classroom) -> Ed25519PrivateKey:
    made = secret(room.keys / "report.key", lambda: _text(Ed25519PrivateKey.generate().private_bytes_raw()))
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(made))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
