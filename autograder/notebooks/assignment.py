"""An assignment as a grader needs it: its released notebooks, the files that go with them, nbgrader's configuration."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.notebooks.released import Released, from_source
from breakwater.errors import BadInput

CONFIG = "nbgrader_config.py"
ABOVE = 3  # a source lies in ROOT/source/ASSIGNMENT/
Step = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Assignment:
    """An assignment, or a part of one. `sources` are its solved notebooks, by name, as far as they are known; `files`
    is the folder whose other files go with each submission, if any."""

    name: str
    notebooks: Mapping[str, Released]
    config: Any = field(repr=False)
    sources: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: Path | None = None

    @cached_property
    def finish(self) -> tuple[Step, ...]:
        """What nbgrader does to a notebook between running and scoring it: nothing that a score hangs on."""
        from nbconvert.preprocessors import ClearMetadataPreprocessor
        from nbgrader.preprocessors import IgnorePattern, LimitOutput

        kinds = (IgnorePattern, ClearMetadataPreprocessor, LimitOutput)
        return tuple(kind(config=self.config) for kind in kinds)

    @cached_property
    def ignored(self) -> list[str]:
        """Patterns of the names of files and folders that are not carried along."""
        from nbgrader.coursedir import CourseDirectory

        return list(CourseDirectory(config=self.config).ignore)

    @property
    def not_overwritten(self) -> list[str]:
        """Files of the assignment that a learner may change: what was handed in counts."""
        return list(self.config.Autograde.get("exclude_overwriting", {}).get(self.name, []))

    @cached_property
    def permissions(self) -> int:
        """The mode of the files that grading leaves: as in nbgrader, read-only unless a group shares them."""
        shared = bool(self.config.CourseDirectory.get("groupshared", False))
        return int(str(self.config.Autograde.get("permissions", 664 if shared else 444)), 8)

    def penalty(self, student: str, points: float, seconds: float) -> float | None:
        """What being late costs, by the plugin that the configuration names."""
        found: float | None = self._late.late_submission_penalty(student, points, seconds)
        return found

    @cached_property
    def _late(self) -> Any:
        from nbgrader.preprocessors import AssignLatePenalties

        step = AssignLatePenalties(config=self.config)
        step.init_plugin()
        return step.plugin_inst

    def source(self, name: str) -> Any:
        """A copy of one of its solved notebooks."""
        return deepcopy(self.sources[name])

    def without_files(self) -> "Assignment":
        """The same, with no files that go with it."""
        return replace(self, files=None)

    def described(self) -> str:
        """All of this that can change a score, as text."""
        cells = {
            name: [[cell.metadata(), cell.source] for cell in released.cells.values()]
            for name, released in self.notebooks.items()
        }
        kernels = {name: dict(released.kernelspec) for name, released in self.notebooks.items()}
        return json.dumps([self.name, cells, kernels, self.config], default=_name, sort_keys=True)


def _name(thing: Any) -> str:
    """What a function or a class in a configuration is called: how it shows itself may change from run to run."""
    return str(getattr(thing, "__qualname__", None) or repr(thing))


def load(source: Path, name: str | None = None) -> Assignment:
    """The assignment of one source notebook. Without `name` it is called as the folder that the source lies in.

    nbgrader's configuration is read where a course has it: beside the source, or up to three folders above.

    Raises:
        BadInput: it is no nbgrader source.
    """
    from autograder.notebooks.reading import Unreadable, parse

    source = source.resolve()
    config = configuration(source)
    try:
        solved = parse(source.read_bytes())
        released = from_source(solved, config, source.parent)
    except OSError as error:
        raise BadInput(f"{source} cannot be read: {error.strerror}.") from None
    except Unreadable as error:
        raise BadInput(f"{source}: {error}.") from None
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from None
    called = name or source.parent.name
    return Assignment(called, {source.stem: released}, config, {source.stem: solved}, source.parent)


def of_notebook(solved: Any) -> Assignment:
    """The assignment of a source notebook that lies nowhere, under nbgrader's defaults. Raises BadInput."""
    from traitlets.config import Config

    return Assignment("assignment", {"notebook": from_source(solved)}, Config(), {"notebook": solved})


def configuration(source: Path) -> Any:
    """nbgrader's configuration for a source: of the nearest course above it; nbgrader's defaults if there is none."""
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    places = [parent for parent in source.parents[:ABOVE] if (parent / CONFIG).is_file()]
    return PyFileConfigLoader(CONFIG, path=str(places[0])).load_config() if places else Config()
