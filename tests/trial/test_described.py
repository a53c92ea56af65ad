"""What a learner's compose.yaml may say: before Compose reads it, and of what Compose makes of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from breakwater import paths
from breakwater.engines.description import interpolated
from breakwater.engines.trial import described, keys
from breakwater.errors import BadInput

SHOP = """\
services:
  postgres:
    image: postgres:17
    x-breakwater: {server: postgresql}
  payments:
    build: ./payments
    command: serve
"""


def hold(text: str) -> None:
    described._Keys(text).hold(yaml.safe_load(interpolated(text)))


def test_the_shop_as_it_is_handed_out_is_allowed() -> None:
    hold((paths.BOXOFFICE / "compose.yaml").read_text())


REFUSED = {
    "privileged": (
        "    privileged: true\n",
        "service `payments`: `privileged` is not allowed here: a container with it",
    ),
    "the host's network": ("    network_mode: host\n", "`network_mode` is not allowed here"),
    "the host's processes": ("    pid: host\n", "`pid` is not allowed here"),
    "devices": ("    devices: [/dev/sda]\n", "`devices` is not allowed here"),
    "another file": ("    extends: {file: /etc/passwd, service: x}\n", "`extends` is not allowed here"),
    "the environment's file": ("    env_file: /etc/shadow\n", "`env_file` is not allowed here"),
    "another container's volumes": ("    volumes_from: [x]\n", "`volumes_from` is not allowed here"),
    "a gateway to the host": ("    extra_hosts: ['x:host-gateway']\n", "`extra_hosts` is not allowed here"),
    "a part that is not brought up": (
        "    profiles: [debug]\n",
        "`profiles` is not allowed here: all that is described",
    ),
    "a log driver": ("    logging: {driver: syslog}\n", "`logging` is not allowed here"),
    "a hook": ("    post_start: [{command: x, privileged: true}]\n", "`post_start` is not allowed here"),
    "a slip": ("    comand: serve\n", "`comand` is not allowed here. Did you mean `command`?"),
    "a device to reserve": (
        "    deploy: {resources: {reservations: {devices: [{}]}}}\n",
        "`devices` is not allowed here",
    ),
    "an inline Dockerfile": ("    healthcheck: {shell: x}\n", "`healthcheck`: `shell` is not allowed here"),
}


@pytest.mark.parametrize(("more", "says"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_is_not_known_is_refused_with_its_line(more: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        hold(SHOP + more)
    assert says in str(caught.value)
    assert str(caught.value).startswith("compose.yaml, line 8: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("include: [other.yaml]\n", "the file: `include` is not allowed here"),
        ("configs: {x: {file: /etc/passwd}}\n", "the file: `configs` is not allowed here"),
        ("networks: {x: {external: true}}\n", "network `x`: `external` is not allowed here"),
        ("volumes: {x: {driver_opts: {device: /, o: bind, type: none}}}\n", "volume `x`: `driver_opts` is not allowed"),
        ("secrets: {x: {environment: HOME}}\n", "secret `x`: `environment` is not allowed here"),
        ("networks: [a, b]\n", "`networks` is not a table of keys"),
    ],
)
def test_what_stands_beside_the_services_is_held_too(more: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        hold(SHOP + more)
    assert says in str(caught.value)


def test_anchors_that_grow_without_end_are_refused() -> None:
    rows = "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, 6))
    with pytest.raises(BadInput, match="values, counted after its anchors"):
        hold(f"x-0: &a0 [{', '.join('x' * 20)}]\n{rows}{SHOP}")


def test_variables_are_gone_before_compose_reads_the_file() -> None:
    text = "a: ${HOME}\nb: ${X:-default}\nc: $$literal\nd: ${X:?no}\n"
    doubled = described._doubled(yaml.safe_load(interpolated(text)))
    assert doubled == {"a": None, "b": "default", "c": "$$literal", "d": "$${X:?no}"}


FOLDER = Path("/shop")
VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "the root": ({"volumes": [{"type": "bind", "source": "/", "target": "/host"}]}, "it mounts `/` of the machine"),
    "Docker's socket": (
        {"volumes": [{"type": "bind", "source": "/var/run/docker.sock", "target": "/s"}]},
        "it mounts `/var/run/docker.sock` of the machine",
    ),
    "the shop's neighbour": (
        {"volumes": [{"type": "bind", "source": "/shop/../etc", "target": "/s"}]},
        "it mounts `/shop/../etc` of the machine",
    ),
    "a pipe": ({"volumes": [{"type": "npipe", "source": "x", "target": "/s"}]}, "a mount of type `npipe`"),
    "no seccomp": ({"security_opt": ["seccomp=unconfined"]}, "`security_opt` is `no-new-privileges:true` or absent"),
    "a capability": ({"cap_add": ["SYS_ADMIN"]}, "not SYS_ADMIN"),
    "all capabilities": ({"cap_add": ["ALL"]}, "not ALL"),
    "a network": ({"network_mode": "host"}, "on the networks that the file describes"),
    "another folder": ({"build": {"context": "/etc"}}, "its build folder lies outside the shop"),
    "a hundred": ({"deploy": {"replicas": 100}}, "more than 5 replicas"),
    "a label of Compose's": ({"labels": {"com.docker.compose.project": "x"}}, "not yours to set"),
}


@pytest.mark.parametrize(("service", "says"), VALUES.values(), ids=VALUES)
def test_a_value_that_reaches_the_machine_is_refused(service: dict[str, Any], says: str) -> None:
    found = list(keys.held_values({"services": {"payments": service}}, FOLDER, lambda *words: ", line 7"))
    assert [(says in fault, line) for fault, line in found] == [(True, ", line 7")]


def test_what_the_shop_mounts_is_allowed() -> None:
    mounts = [
        {"type": "bind", "source": "/shop/postgres/init.sql", "target": "/x"},
        {"type": "volume", "source": "postgres-data", "target": "/y"},
    ]
    config = {
        "services": {"postgres": {"volumes": mounts, "cap_drop": ["ALL"], "cap_add": ["CHOWN", "CAP_SETUID"]}},
        "networks": {"front": {"driver": "bridge", "internal": True}},
        "volumes": {"postgres-data": {}},
    }
    assert list(keys.held_values(config, FOLDER, lambda *words: "")) == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"networks": {"x": {"external": True}}}, "networks from outside"),
        ({"networks": {"x": {"driver": "macvlan"}}}, "its driver is `bridge`"),
        ({"networks": {"x": {"driver_opts": {"parent": "eth0"}}}}, "`driver_opts` is not allowed"),
        ({"volumes": {"x": {"driver_opts": {"device": "/"}}}}, "only plain volumes"),
        ({"secrets": {"x": {"file": "/etc/shadow"}}}, "its file lies outside the shop"),
    ],
)
def test_networks_volumes_and_secrets_are_the_shops_own(config: dict[str, Any], says: str) -> None:
    found = list(keys.held_values({"services": {}} | config, FOLDER, lambda *words: ""))
    assert [says in fault for fault, _ in found] == [True]


def test_a_line_is_that_of_the_service_and_not_of_who_names_it() -> None:
    text = "services:\n  gateway:\n    depends_on:\n      payments:\n        condition: x\n  payments:\n    ports: []\n"
    assert described.line_of(text, "services", "payments", "ports") == ", line 7"
    assert described.line_of(text, "services", "gateway", "depends_on") == ", line 3"
    assert described.line_of(text, "services", "payments", "nowhere") == ", line 6"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(paths.BOXOFFICE, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__")))


async def test_a_file_that_is_refused_is_never_given_to_compose(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(*words: str, **options: Any) -> tuple[int, str]:
        raise AssertionError("Compose was asked")

    monkeypatch.setattr(described.daemon, "run", run)
    file = shop / "compose.yaml"
    file.write_text(file.read_text() + "include: [/etc/passwd]\n")
    with pytest.raises(BadInput, match="`include` is not allowed here"):
        await described.read(shop)
