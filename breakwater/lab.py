"""A lab's card: what `labs/NN-topic/lab.toml` says about it."""

from pathlib import Path

from pydantic import Field

from breakwater import paths, syllabus, toml
from breakwater.errors import BadInput


class Lab(toml.Table):
    """A lab, in data.

    `minutes` is the time it takes a learner; `services` are those that it needs; `edits` are the folders of the
    shop that it expects to change (it forbids no others); `budgets` are the bounds that its checks hold, each
    with its unit in its name. Where no check of it measures time, `measures_time` is false, and the grader judges
    several submissions at once. `builds` are the services whose images its checks build: such a lab needs Docker,
    and none of the shop's services is started for it.
    """

    title: str
    module: str
    outcomes: toml.Texts
    minutes: int = Field(gt=0)
    prerequisites: toml.Texts = ()
    out_of_scope: toml.Texts = ()
    services: toml.Texts
    edits: toml.Texts
    budgets: dict[str, float] = Field(default_factory=dict)
    measures_time: bool = True
    builds: toml.Texts = ()

    @property
    def folder(self) -> Path:
        return paths.LABS / self.module


def load(module_id: str) -> Lab:
    """The lab of a module; `module_id` as in `09`, `resilience` or `09-resilience`.

    Raises:
        BadInput: no such module, it has no lab yet, or its lab.toml is broken.
    """
    module = syllabus.load().find(module_id)
    file = paths.LABS / module.id / "lab.toml"
    if not file.exists():
        raise BadInput(f"{module.id} has no lab yet. Those that have one: course syllabus")
    lab = toml.read(file, Lab)
    if lab.module != module.id:
        raise BadInput(f"{toml.shown(file)}: `module` is {lab.module!r}, but its folder is named {module.id}.")
    return lab
