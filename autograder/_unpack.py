"""Unpacks one archive that a learner handed in, in a cell of the sandbox, with the package `breakwater` beside it.

Run as `python _unpack.py ARCHIVE INTO MODULE`. It says an object of JSON: `student` and `submitted_at`, or `refused`,
the reason.
"""

import json
import sys
from pathlib import Path

from breakwater import submission
from breakwater.errors import CourseError


def unpack(archive: Path, into: Path, module: str) -> dict[str, str]:
    """Unpack an archive into a new folder; return what is to be said of it."""
    try:
        manifest = submission.unpack(archive, into, module=module)
    except CourseError as error:
        return {"refused": str(error)}
    return {"student": manifest.student_id, "submitted_at": manifest.submitted_at}


if __name__ == "__main__":
    archive, into, module = sys.argv[1:]
    print(json.dumps(unpack(Path(archive), Path(into), module)))
