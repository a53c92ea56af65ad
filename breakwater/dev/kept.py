"""Reports that no record counts yet, so that a proof that was broken off, or found something to mend, goes on.

A report is kept in `build/proofs/` under the digest of all that could change it: the shop as it was judged, the checks
and the judging code, the seed. What an answer promises is no part of that: a promise is held against the report anew.
"""

import hashlib
import json
from pathlib import Path

from breakwater.checks.verdict import Report, Verdict
from breakwater.dev.content import ModuleContent
from breakwater.dev.digest import cells_digest, lab_digest, shop_digest
from breakwater.dev.variants import Variant


class Kept:
    """The reports of one module's whole run from one seed."""

    def __init__(self, module: ModuleContent, seed: str) -> None:
        self._module, self._seed = module, seed
        self._folder = module.root / "build" / "proofs" / module.id
        self._counted = self._folder / "counted"

    def begin(self) -> bool:
        """Return whether the record has counted these reports already, and only a lesson is newer.

        What it has counted, when nothing is newer, is forgotten: to count it again would be to prove nothing.
        """
        about = self._counted.read_text().split() if self._counted.is_file() else []
        lab, cells = lab_digest(self._module), cells_digest(self._module)
        if about == [lab, cells]:
            self.clear()
        return bool(about) and about[0] == lab and about[1] != cells

    def find(self, variant: Variant) -> Report | None:
        file = self._file(variant)
        return Report.from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def add(self, variant: Variant, report: Report) -> None:
        """Keep a report that says something about each check; trouble of ours is better met anew."""
        if not report.count(Verdict.UNKNOWN):
            file = self._file(variant)
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".half")
            half.write_text(json.dumps(report.to_json()), encoding="utf-8")
            half.replace(file)

    def end(self, *, clean: bool) -> None:
        """A record has counted the reports. They go; where something was found, they wait for what mends it."""
        if clean:
            self.clear()
        elif self._folder.is_dir():
            self._counted.write_text(f"{lab_digest(self._module)} {cells_digest(self._module)}")

    def clear(self) -> None:
        for file in self._folder.glob("*"):
            file.unlink()

    def _file(self, variant: Variant) -> Path:
        body = variant.patch.body if variant.patch else variant.kind
        about = json.dumps([shop_digest(self._module), variant.name, body, self._seed])
        return self._folder / f"{hashlib.sha256(about.encode()).hexdigest()}.json"
