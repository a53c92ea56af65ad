"""The content contract: what a module must be before anybody is taught, or graded, with it.

`course dev check` holds it. The *static half* reads files and takes under a second; the *full half* runs the naive
shop, the reference and every right and wrong answer through the checks and compares what came out with what was
promised. Every breach is a `Finding`: one line with file, rule and remedy.

| file | holds |
| --- | --- |
| `content.py` | where a module's files are |
| `rules_*.py` | the static half, one area a file |
| `static.py` | the list of rules, and how they are run |
| `proof.py`, `judge.py` | the full half: run every variant; compare with what was promised |
| `record.py`, `digest.py`, `mask.py`, `margins.py` | what a run leaves behind in `record.json` and `goldens.json` |
| `scaffold.py`, `rebase.py` | `course dev new` and `course dev rebase` |
"""
