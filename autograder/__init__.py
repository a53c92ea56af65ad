"""Judging a class: the sandbox, nbgrader's gradebook, release, collection and feedback."""

import sys

# jsonschema, which nbformat imports, compiles a grammar for one string format (IRI) if this package is there. That
# takes two seconds of every command, and no notebook has such a string.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
