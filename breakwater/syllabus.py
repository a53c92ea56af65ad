"""The syllabus: what `course.toml` says about the modules, their order, weights and deadlines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from breakwater import paths, toml
from breakwater.errors import BadInput, did_you_mean


class Module(toml.Table):
    """One module. `id` is the name of its folders for ever; `outcomes` maps an outcome's id to its sentence."""

    id: str = Field(pattern=r"^\d\d-[a-z]+(-[a-z]+)*$")
    title: str
    summary: str
    hours: float = Field(gt=0)
    weight: float = Field(ge=0)
    outcomes: dict[str, str]
    built: bool = False

    @property
    def number(self) -> str:
        return self.id.partition("-")[0]

    @property
    def topic(self) -> str:
        return self.id.partition("-")[2]


class Track(toml.Table):
    """A way through the course for one kind of work: the modules that matter most to it."""

    id: str
    title: str
    summary: str
    modules: toml.Texts


class Deadlines(toml.Table):
    """What a late submission costs, where an instructor sets dates. Nobody's date is set here."""

    grace_hours: float = Field(ge=0)
    late_percent_per_day: float = Field(ge=0, le=100)
    late_days_at_most: float = Field(ge=0)


class Syllabus(toml.Table):
    """The whole course. `modules` stand in the order in which they are taken."""

    title: str
    summary: str
    deadlines: Deadlines
    modules: Annotated[tuple[Module, ...], Strict(False)]
    tracks: Annotated[tuple[Track, ...], Strict(False)] = ()

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        ids = [module.id for module in self.modules]
        for twice in {id for id in ids if ids.count(id) > 1}:
            raise ValueError(f"module {twice} stands there twice")
        for track in self.tracks:
            for unknown in set(track.modules) - set(ids):
                raise ValueError(f"track {track.id} names {unknown}, which is no module")
        return self

    @property
    def built(self) -> list[Module]:
        """The modules that can be taken today, in order."""
        return [module for module in self.modules if module.built]

    def find(self, name: str) -> Module:
        """The module called `name`: its number (`9`, `09`), its topic (`resilience`) or its id (`09-resilience`).

        Raises:
            BadInput: there is none; the message names the closest one.
        """
        for module in self.modules:
            if name in (module.id, module.topic, module.number) or name.zfill(2) == module.number:
                return module
        known = list(self._names())
        raise BadInput(f"No module is called `{name}`.{did_you_mean(name, known)} All of them: course syllabus")

    def find_built(self, name: str) -> Module:
        """As `find`, for a module that can be taken today.

        Raises:
            BadInput: there is none, or it is not built yet.
        """
        module = self.find(name)
        if not module.built:
            ready = ", ".join(m.id for m in self.built) or "none"
            raise BadInput(f"{module.id} is not built yet. Built so far: {ready}.")
        return module

    def _names(self) -> Iterator[str]:
        for module in self.modules:
            yield from (module.id, module.topic, module.number)


def load(file: Path | None = None) -> Syllabus:
    """The course's syllabus, or another one's from `file`.

    Raises:
        BadInput: the file is broken; one line with file and line.
    """
    return toml.read(file or paths.COURSE_TOML, Syllabus)
