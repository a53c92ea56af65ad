"""What each service is told: its command and its environment, with the addresses and passwords that hold here."""

import os
import re
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from breakwater.engines.description import FILE, Kind, Link, Service, Shop, host_of
from breakwater.engines.proxy import LinkProxy
from breakwater.errors import BadInput

# An option and its value: two words, one, or a part of a shell's line.
_PORT = re.compile(r"(--port[=\s\0])\d+")
_HOST = re.compile(r"(--host[=\s\0])[^\s\0]+")


class Settings:
    """`ports` are the services' own, `proxies` the links', `passwords` those of the database's roles, once known."""

    def __init__(self, shop: Shop, state: Path, ports: Mapping[str, int], proxies: Mapping[Link, LinkProxy]) -> None:
        self._shop = shop
        self._state = state
        self._ports = ports
        self._proxies = proxies
        self.passwords: Mapping[str, str] = {}

    def command(self, service: Service) -> tuple[str, ...]:
        """The command of a service, told to listen at its port on loopback. Raises BadInput if it cannot be."""
        if service.kind is Kind.JOB:
            return service.command
        port = str(self._ports[service.name])
        line = _HOST.sub(r"\g<1>127.0.0.1", "\0".join(service.command))
        line, found = _PORT.subn(rf"\g<1>{port}", line)
        if not found:
            raise BadInput(
                f"{self._shop.folder / FILE}: service `{service.name}`: its command has no `--port N`, by which the "
                f"embedded engine tells it where to listen."
            )
        return tuple(line.split("\0"))

    def environment(self, service: Service) -> dict[str, str]:
        """All that a service finds in its environment: nothing of ours comes along."""
        base = {
            "PATH": f"{sysconfig.get_path('scripts')}:{os.defpath}",
            "HOME": str(self._state),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return base | {key: self._value(service, value) for key, value in service.environment.items()}

    def provider_socket(self) -> str:
        """The control socket of the card provider; empty if the shop has none."""
        for service in self._shop.services.values():
            if service.judge and "CONTROL_SOCKET" in service.environment:
                return self._value(service, service.environment["CONTROL_SOCKET"])
        return ""

    def _value(self, service: Service, value: str) -> str:
        callee = host_of(value)
        if callee and callee in self._ports:
            return self._address(service, callee, value)
        if service.judge and value.startswith("/"):
            return str(self._judge_folder(service) / Path(value).name)
        return value

    def _address(self, service: Service, callee: str, value: str) -> str:
        """A URL that leads to the link's proxy (for a job: to the server itself), with the role's real password."""
        proxy = self._proxies.get(Link(service.name, callee))
        port = proxy.port if proxy else self._ports[callee]
        user, colon, password = urlsplit(value).netloc.rpartition("@")[0].partition(":")
        if self._shop.services[callee].kind is Kind.SERVER and user in self.passwords:
            colon, password = ":", self.passwords[user]
        login = f"{user}{colon}{password}@" if user else ""
        return urlsplit(value)._replace(netloc=f"{login}127.0.0.1:{port}").geturl()

    def _judge_folder(self, service: Service) -> Path:
        """Where a file of the judge's side lies, whatever place its container would have for it."""
        folder = self._state / "judge" / service.name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder
