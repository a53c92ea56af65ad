"""A learner's `compose.yaml`, before and after Compose itself has read it: what it may say here, by an allow-list.

Compose's own reader follows includes, other files and the environment. So the text is read by us first, held to the
keys below, and printed anew; what Compose makes of our print is held again, by its values.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import yaml

from breakwater.engines import daemon, description
from breakwater.engines.composition import Config, routes
from breakwater.engines.description import FILE, Shop
from breakwater.engines.trial.keys import KEYS, MOST_VALUES, TOP, WHY_NOT, held_values
from breakwater.errors import BadInput, did_you_mean


@dataclass(frozen=True)
class Description:
    """A shop's composition: as every engine reads it, and as Compose normalises it."""

    shop: Shop
    config: Config


async def read(folder: Path) -> Description:
    """The composition of the shop in a folder.

    Raises:
        BadInput: it says something that is not allowed here, or Compose refuses it; one line with file and line.
    """
    shop = description.load(folder)
    text = (folder / FILE).read_text(encoding="utf-8")
    document = description.interpolated(text)
    table = yaml.safe_load(document)  # `load` has read it: it is valid
    _Keys(text).hold(table)
    config = await _normalised(folder, table)
    for what, line in held_values(config, shop.folder, lambda *words: line_of(text, *words)):
        raise BadInput(f"{FILE}{line}: {what}")
    routes(shop, config)  # a service at whose port nobody could guess is told of now
    return Description(shop, config)


async def _normalised(folder: Path, table: Mapping[str, Any]) -> Config:
    """What Compose makes of our print of the description: nothing of the learner's own file is read by it."""
    with TemporaryDirectory(prefix="described-") as scratch:
        file = Path(scratch) / "compose.json"
        file.write_text(json.dumps(_doubled(table), default=str))
        words = ("docker", "compose", "--env-file", "/dev/null", "--project-directory", str(folder), "-f", str(file))
        status, said = await daemon.run(*words, "config", "--format", "json", folder=Path(scratch))
    if status:
        lines = [line for line in said.strip().splitlines() if line]
        why = lines[-1].replace(str(file), FILE) if lines else "it says not why"
        raise BadInput(f"{FILE}: Compose refuses it: {why}"[:400])
    config: Config = json.loads(said[said.index("{") :])
    return config


def _doubled(value: Any) -> Any:
    """The value with every `$` doubled, which Compose reads as one: what it would replace was replaced already."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {str(key): _doubled(each) for key, each in value.items()}
    return [_doubled(each) for each in value] if isinstance(value, list) else value


class _Keys:
    """Holds the keys of a description; `text` is its file, for the numbers of lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._values = 0

    def hold(self, table: Any) -> None:
        self._count(table)
        self._hold_table(table, TOP, (), "the file")
        for kind in ("services", "networks", "volumes", "secrets"):
            for name, each in self._tables(table, kind):
                self._hold_table(each or {}, KEYS[kind], (kind, name), f"{kind.removesuffix('s')} `{name}`")
        for name, service in table["services"].items():
            for part in ("build", "deploy", "healthcheck"):
                if isinstance(service.get(part), dict):
                    where = ("services", name, part)
                    self._hold_table(service[part], KEYS[part], where, f"service `{name}`: `{part}`")
            self._hold_resources(name, service.get("deploy"))
            self._hold_dependencies(name, service.get("depends_on"))

    def _tables(self, table: Mapping[str, Any], kind: str) -> list[tuple[str, Any]]:
        tables = table.get(kind) or {}
        if not isinstance(tables, dict):
            self._refuse((kind,), f"`{kind}` is not a table of keys.")
        return [(str(name), each) for name, each in tables.items()]

    def _hold_resources(self, name: str, deploy: Any) -> None:
        resources = deploy.get("resources") if isinstance(deploy, dict) else None
        for part, table in (resources or {}).items() if isinstance(resources, dict) else ():
            where = f"service `{name}`: `resources`"
            if part not in ("limits", "reservations"):
                self._refuse(
                    ("services", name, "resources", part), f"{where}: `{part}` is not allowed here. Remove it."
                )
            self._hold_table(table or {}, KEYS["limits"], ("services", name, "resources", part), f"{where}: `{part}`")

    def _hold_dependencies(self, name: str, needs: Any) -> None:
        for need, how in needs.items() if isinstance(needs, dict) else ():
            if isinstance(how, dict):
                where = f"service `{name}`: `depends_on`"
                self._hold_table(how, KEYS["depends_on"], ("services", name, "depends_on", str(need)), where)

    def _hold_table(self, table: Any, known: Collection[str], where: tuple[str, ...], what: str) -> None:
        if not isinstance(table, dict):
            self._refuse(where, f"{what} is not a table of keys.")
        for key in table:
            name = str(key)
            if name.startswith("x-") or name in known:
                continue
            why = WHY_NOT.get(name, "")
            guess = "" if why else did_you_mean(name, known)
            remedy = guess or " Remove it."
            self._refuse((*where, name), f"{what}: `{name[:60]}` is not allowed here{why and f': {why}'}.{remedy}")

    def _count(self, value: Any) -> None:
        """Hold the number of values, which a file of a few lines can make grow without end by its anchors."""
        todo = [value]
        while todo:
            each = todo.pop()
            self._values += 1
            if self._values > MOST_VALUES:
                raise BadInput(f"{FILE}: it has more than {MOST_VALUES} values, counted after its anchors.")
            if isinstance(each, dict):
                todo += each.values()
            elif isinstance(each, list):
                todo += each

    def _refuse(self, where: tuple[str, ...], why: str) -> NoReturn:
        raise BadInput(f"{FILE}{line_of(self._text, *where)}: {why}")


def line_of(text: str, *where: str) -> str:
    """`, line 12`: where the last of these keys is, each looked for below the one before; empty if it is not found."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if not line.lstrip().startswith("#")]
    at = 0
    for key in where:
        found = [(_indent(line), number) for number, line in lines if number > at and _has_key(line, key)]
        if found:  # what encloses others stands further left than what merely has the same name
            at = min(found)[1] if key != where[-1] or len(where) == 1 else min(number for _, number in found)
    return f", line {at}" if at else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _has_key(line: str, key: str) -> bool:
    return bool(re.search(rf"""(?:^|[{{,\s-])["']?{re.escape(key)}["']?\s*(?::|$)""", line))
