"""The engine `images`: no service of the shop runs; its images are built, for checks that run them one at a time."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NoReturn

from breakwater.engines import BUILT, Exchange, ServiceStatus, ShopSpec, daemon
from breakwater.engines.trial import actors, bases, builds, described, labels, prepare, wheels
from breakwater.engines.trial.builds import Built, Recipe
from breakwater.engines.trial.rehearsal import Rehearsal
from breakwater.engines.trial.stage import Stage
from breakwater.errors import BadInput, EngineTrouble, ShopDidNotStart
from breakwater.faults import Fault

NO_SERVICE = "On the engine `images` no service of the shop runs: a check runs the images itself."


class ImagesEngine:
    """Builds the images of `builds`, services of the shop of `spec`, when it comes `up`.

    See `breakwater.engines.Engine` for the methods of an engine; besides, it has what the checks' fixtures ask for.
    The shop's files are held to what is allowed before anything of them reaches Docker. What fixtures want to have
    once for all checks they keep in `kept`.
    """

    name = "images"
    shops_a_processor = 0.5  # each check runs containers of its own

    def __init__(self, spec: ShopSpec, *, builds: Sequence[str] = (), **_: Any) -> None:
        self.spec = spec
        self.description: described.Description | None = None
        self._state = spec.state / labels.STATE
        self._trial = labels.trial_of(self._state)
        self._builds = tuple(builds)
        self._client: Any = None
        self._built: dict[str, Built] = {}
        self._wheels = Path()
        self._stage: Stage | None = None
        self._rehearsal: Rehearsal | None = None
        self.kept: dict[str, Any] = {}

    # What every engine does.

    def up(self) -> list[ServiceStatus]:
        """Hold the shop's files to what is allowed, and build. Raises ShopDidNotStart with the reason."""
        labels.mark(self._state)
        try:
            recipes = [builds.recipe(self.spec.folder, service) for service in self._builds]
            self._client = self._client or prepare.connect()
            asyncio.run(self._up(recipes))
        except BadInput as error:
            raise ShopDidNotStart(str(error)) from None
        return self.status()

    def down(self) -> None:
        """Leave nothing behind on Docker, whoever made it. No error where no daemon answers: then nothing is there."""
        if not labels.is_marked(self._state):
            return
        with suppress(EngineTrouble):
            self._client = self._client or daemon.connect()
        if self._client:
            asyncio.run(daemon.asked(labels.clear, self._client, self._trial))
        self._built, self._stage, self._rehearsal, self.description = {}, None, None, None
        self.kept.clear()

    def reset(self) -> None:
        """Give the next check a stage on which nothing has happened."""
        asyncio.run(self._reset())

    def status(self) -> list[ServiceStatus]:
        return [ServiceStatus(built.service, BUILT, None, built.seconds) for built in self._built.values()]

    def endpoint(self, service: str) -> str:
        """Nothing can be asked: an empty URL."""
        return ""

    def trace(self) -> list[Exchange]:
        return []

    def logs(self, service: str | None = None, *, follow: bool = False) -> Iterator[str]:
        return iter(())

    def restart(self, service: str) -> None:
        self._refuse()

    def kill(self, service: str) -> None:
        self._refuse()

    def pause(self, service: str) -> None:
        self._refuse()

    def resume(self, service: str) -> None:
        self._refuse()

    def scale(self, service: str, replicas: int) -> None:
        self._refuse()

    def inject(self, fault: Fault) -> AbstractContextManager[None]:
        self._refuse()

    def provider(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise BadInput(NO_SERVICE)

    # What the fixtures ask for.

    @property
    def client(self) -> Any:
        assert self._client, "the engine is up"
        return self._client

    def built(self, service: str) -> Built:
        """The image of a service, as it was built when the engine came up."""
        return self._built[service]

    async def build(self, folder: Path, service: str) -> Built:
        """Build the image of a service from a folder: the learner's, changed by a check, or ours."""
        return await self._build(builds.recipe(folder.parent, folder.name), service)

    async def stage(self) -> Stage:
        """The stage of this check."""
        if self._stage is None:
            self._stage = Stage(self.client, self._trial, await actors.have(self.client, self._wheels))
            await self._stage.open()
        return self._stage

    async def rehearsal(self, *, fresh: bool = False, well: bool = True) -> Rehearsal:
        """The shop's composition, being rehearsed: `well` from the beginning, or when the check says so.

        One that is well serves several checks, unless one asks for a `fresh` one.
        """
        assert self.description, "the engine is up"
        if self._rehearsal and (fresh or not well or not self._rehearsal.is_well):
            await self._rehearsal.end()
            self._rehearsal = None
        if self._rehearsal is None:
            image = await actors.have(self.client, self._wheels)
            self._rehearsal = Rehearsal(self.client, self._trial, image, self.description, self._state, well=well)
        return self._rehearsal

    # The rest.

    async def _up(self, recipes: Sequence[Recipe]) -> None:
        self.description = await described.read(self.spec.folder)
        await daemon.asked(labels.sweep, self.client)
        await bases.have(self.client)
        self._wheels = await wheels.have(self.client)
        for recipe in recipes:
            if recipe.service not in self._built:
                self._built[recipe.service] = await self._build(recipe, recipe.service)

    async def _build(self, recipe: Recipe, service: str) -> Built:
        built = await builds.build(self.client, recipe, self._trial, wheels=self._wheels, scratch=self._state)
        return Built(service, built.id, built.layers, built.attrs, built.seconds)

    async def _reset(self) -> None:
        if self._stage and self._stage.is_hurt:
            await daemon.asked(lambda: labels.clear(self.client, self._trial, images=False))
            self._stage = self._rehearsal = None
        elif self._stage:
            await self._stage.clear()
