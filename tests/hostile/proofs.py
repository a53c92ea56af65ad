"""Prove that each attack is one: that it gets what it hopes for, where the defence that it meets here is missing.

`python -m tests.hostile.proofs` proves those that have no proof yet, or have changed since, and keeps in `proofs.json`
what each got, by its digest: a job of an hour for all of them, so that the tests only look it up. With names, these;
`--all`: all. It happens in a sandbox of its own, in which the machine can be seen and not be changed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from time import monotonic

from autograder import sandbox
from breakwater import paths
from tests.autograder.room import Room
from tests.hostile.assignment import FULL, worth
from tests.hostile.attacks import ATTACKS
from tests.hostile.attacks.attack import Attack, Without
from tests.hostile.attacks.readers import PAGE, TABLE
from tests.hostile.siege import BUDGET_S, KNOWN, TOKEN, Siege, laid

KEPT = Path(__file__).with_name("proofs.json")
STARTS_S = 60.0  # for nbgrader and three kernels, on a busy machine
PATIENCE_S = 300
MOST = 4  # budgets that an attack which is held off may take
KILLED = 128 + 9
MUTATED = "SIEGE_WITHOUT"
READ = {PAGE: [["generate_feedback", "ps1"]], TABLE: [["export"]]}  # what shows an attack on who reads it
LIMITS = sandbox.Limits(seconds=20.0, processes=60, memory=512 << 20, written=32 << 20)
IN_A_NOTEBOOK = [
    sys.executable,
    "-c",
    """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.stdin.read().split("\\0"):
    shell.run_cell(cell)
""",
]


def proofs() -> dict[str, dict[str, str]]:
    """What each attack got, by its name."""
    found: dict[str, dict[str, str]] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Prove that the attacks are some.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    attacks = {attack.name: attack for attack in ATTACKS}
    if asked.inside:
        print(json.dumps(_got(attacks[asked.names[0]])))
        return
    known = proofs()
    for name in asked.names or attacks:
        attack = attacks[name]
        if asked.names or asked.all or known.get(name, {}).get("digest") != attack.digest():
            known[name] = {"digest": attack.digest(), "by": _by(attack), "got": _apart(attack)}
            print(f"{name}: {known[name]['got'] or 'NOTHING'}", flush=True)
            _keep(attacks, known)


def _keep(attacks: dict[str, Attack], known: dict[str, dict[str, str]]) -> None:
    """Write down what is proved, of those that are still there."""
    kept = {name: known[name] for name in sorted(attacks) if known.get(name, {}).get("got")}
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _by(attack: Attack) -> str:
    if isinstance(attack.proof, Without):
        return f"this grader without `{attack.proof.defence.strip().splitlines()[0]}` in {attack.proof.file}"
    return {"nbgrader": f"nbgrader {version('nbgrader')}", "job": "a limit that it broke"}[attack.proof]


def _apart(attack: Attack) -> str:
    """What an attack gets where it can do no harm."""
    try:
        done = subprocess.run(_confined(attack), capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"more than {PATIENCE_S} s"
    if done.returncode == KILLED:
        return "the grader's end"
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    return str(json.loads(done.stdout)) if done.stdout else ""


def _confined(attack: Attack) -> list[str]:
    privileged = [] if attack.proof == "nbgrader" else ["--cap-add", "ALL"]  # to make a sandbox in this one
    return [
        *("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp"),
        *("--ro-bind", str(paths.ROOT), str(paths.ROOT), "--chdir", "/tmp", "--die-with-parent"),
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", *privileged),
        *("--setenv", "HOME", "/tmp", "--setenv", "PYTHONPATH", str(paths.ROOT)),
        *(sys.executable, "-m", "tests.hostile.proofs", "--inside", attack.name),
    ]


def _got(attack: Attack) -> str:
    if isinstance(attack.proof, Without) and MUTATED not in os.environ:
        return _without(attack.proof, attack.name)
    if attack.proof == "job":
        cells = [KNOWN.format(name=attack.name, mark="", room="/", port=1), attack.first, attack.code, attack.last]
        return sandbox.run_in_job(IN_A_NOTEBOOK, stdin="\0".join(cells), limits=LIMITS).breach
    os.environ.update([TOKEN])
    with laid([attack]) as siege:
        grade = _by_nbgrader if attack.proof == "nbgrader" else _by_us
        took_s, trouble = grade(siege.room, attack)
        if not siege.room.gradebook.exists():
            return "the whole class"
        late = f"{took_s:.0f} s of the grader's time" if took_s > MOST * BUDGET_S else ""
        return siege.got(attack) or ("its own right answers" if _lost(siege, attack) else "") or trouble or late


def _lost(siege: Siege, attack: Attack) -> bool:
    """Whether it cost questions that it need not have cost."""
    mine = siege.submissions.get(attack.owner)
    points = mine.score if mine else 0.0
    return points < FULL - worth(attack.aims) if attack.fair else not points and attack.tamper is None


def _without(proof: Without, name: str) -> str:
    """What an attack gets from a copy of this program in which a defence is missing."""
    root = Path(tempfile.mkdtemp(prefix="course-"))
    for part in ("autograder", "breakwater"):
        shutil.copytree(paths.ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("requirements.lock", "course.toml"):
        shutil.copy(paths.ROOT / part, root)
    text = (root / proof.file).read_text()
    assert text.count(proof.defence) == 1, f"{proof.file} has no such defence: {proof.defence}"
    (root / proof.file).write_text(text.replace(proof.defence, proof.instead))
    command = [sys.executable, "-m", "tests.hostile.proofs", "--inside", name]
    env = os.environ | {MUTATED: "1", "PYTHONPATH": f"{root}{os.pathsep}{os.environ['PYTHONPATH']}"}
    done = subprocess.run(command, cwd=root, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return str(json.loads(done.stdout))


def _by_us(room: Room, attack: Attack) -> tuple[float, str]:
    """Grade the class. How many seconds the submission took, and with what trouble, as if that were the grader's."""
    told = json.loads(room.run("--json").stdout or '{"submissions": []}')
    row = next((row for row in told["submissions"] if row["student"] == attack.owner), {})
    return row.get("seconds", 0.0), row.get("trouble", "")


def _by_nbgrader(room: Room, attack: Attack) -> tuple[float, str]:
    """As `_by_us`, by plain nbgrader."""
    began = monotonic()
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for step in (["generate_assignment", "ps1"], ["autograde", "ps1"], *READ.get(attack.kind, ())):
        subprocess.run([sys.executable, "-m", "nbgrader", *step], cwd=room.root, env=env, capture_output=True)
    return monotonic() - began - STARTS_S, ""


if __name__ == "__main__":
    main()
