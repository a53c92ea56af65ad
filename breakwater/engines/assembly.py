"""Having a shop's images, containers, networks and volumes made, as its description says; nothing is started here."""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from breakwater.engines import ServiceStatus, composition, daemon, images, state
from breakwater.engines.composition import SIDECAR, Config, Plan, composed, routes
from breakwater.engines.description import Kind, Shop

Tell = Callable[[ServiceStatus], None]


class Assembly:
    """What Docker has of one shop, whose supervisor's folder is `folder`.

    `plan` is what it was made by last. With `trusted`, what is not the learner's comes from the shop in that folder.
    """

    plan: Plan

    def __init__(self, shop: Shop, folder: Path, public: str, public_port: int, trusted: Path | None) -> None:
        self._shop = shop
        self._folder = folder
        self._project = daemon.project_of(folder)
        self._public = public
        self._public_port = public_port
        self._trusted = trusted
        self._token = secrets.token_hex(16)
        self._client: Any = None

    async def connect(self) -> None:
        """Reach the daemon, and clear away what dead supervisors left there."""
        if self._client:
            return
        self._client = await daemon.asked(daemon.connect)
        await daemon.asked(daemon.sweep, self._client, state.is_locked)
        await daemon.asked(daemon.wipe, self._client, self._project)

    async def make(self, tell: Tell, replicas: Mapping[str, int], only: str = "") -> dict[str, list[Any]]:
        """Have everything made, or what the service `only` needs; what has not changed stays as it is.

        Returns the containers by the name of their service. `tell` hears of each image that is being built.
        """
        config = await self._described()
        self.plan = await self._planned(config, replicas)
        file = self._folder / "compose.json"
        file.write_text(json.dumps(composed(self._shop, config, self.plan)))
        await self._build(file, config, tell, only)
        words = ("docker", "compose", "-f", str(file), "create", "--no-build", *([only] if only else []))
        status, said = await daemon.run(*words)
        if status:
            raise daemon.trouble(said, "The shop's containers could not be made")
        made: dict[str, list[Any]] = {}
        for container in await daemon.asked(daemon.containers, self._client, self._project):
            made.setdefault(container.labels[daemon.SERVICE], []).append(container)
        return {name: sorted(found, key=lambda container: str(container.name)) for name, found in made.items()}

    async def remove(self) -> None:
        """Remove everything at once, and its data with it."""
        if self._client:
            await daemon.asked(daemon.wipe, self._client, self._project)

    async def _described(self) -> Config:
        """The description as Compose reads it, with our own copy of what is not the learner's."""
        config = await composition.read(self._shop.folder)
        if self._trusted:
            ours = await composition.read(self._trusted)
            for service in self._shop.services.values():
                if service.judge or service.kind is Kind.SERVER:
                    config["services"][service.name] = ours["services"][service.name]
            config["volumes"] = {**(config.get("volumes") or {}), **(ours.get("volumes") or {})}
        return config

    async def _planned(self, config: Config, replicas: Mapping[str, int]) -> Plan:
        for name in await daemon.asked(images.missing, self._client, images.bases(config)):
            await images.pull(name)
        return Plan(
            project=self._project,
            labels=daemon.labels(self._folder),
            routes=routes(self._shop, config),
            images=await daemon.asked(images.names, self._client, config, list(self._shop.services)),
            sidecar_image=await images.sidecar(self._client, self._folder / SIDECAR),
            token=self._token,
            public=self._public,
            public_port=self._public_port,
            replicas=dict(replicas),
        )

    async def _build(self, file: Path, config: Config, tell: Tell, only: str) -> None:
        wanted = {image: name for name, image in self.plan.images.items() if only in ("", name)}
        for image in await daemon.asked(images.missing, self._client, wanted):
            name = wanted[image]
            tell(ServiceStatus(name, "building", None, 0.0))
            await images.build(file, name, Path(config["services"][name]["build"]["context"]))
            await daemon.asked(images.prune, self._client, image)
