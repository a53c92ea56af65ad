"""Where things are. Every path of the course is found here and nowhere else.

`BREAKWATER_WORK` and `BREAKWATER_CLASS` move the learner's and the instructor's folders, so that tests and
several people on one machine stay out of each other's way.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COURSE_TOML = ROOT / "course.toml"
LABS = ROOT / "labs"
BOXOFFICE = LABS / "boxoffice"
INVARIANTS = BOXOFFICE / "invariants"
PRICES = BOXOFFICE / "contracts" / "prices.toml"
MODULES = ROOT / "modules"
SOLUTIONS = ROOT / "solutions"
BUILD = ROOT / "build"


def work() -> Path:
    """The learner's folder, one git repository: `work/shop/`, `work/NN-topic/`, submissions, progress."""
    return Path(os.environ.get("BREAKWATER_WORK") or ROOT / "work")


def class_folder() -> Path:
    """The instructor's folder: gradebook.db, submitted/, autograded/, feedback/, keys."""
    return Path(os.environ.get("BREAKWATER_CLASS") or ROOT / "class")


def state() -> Path:
    """Run-time state of shops (sockets, logs, database clusters). Short, because a socket's path holds 107 bytes."""
    base = os.environ.get("BREAKWATER_STATE") or os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
    return Path(base) / f"breakwater-{os.getuid()}"


def cache() -> Path:
    """What is kept between runs because making it takes time; it can be deleted whenever no shop is starting."""
    base = os.environ.get("BREAKWATER_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "breakwater"
