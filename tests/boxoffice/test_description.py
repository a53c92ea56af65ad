"""What is written beside the shop's code agrees with it: contracts, requirements, flaws, compose.yaml."""

import importlib.util
import re
import tomllib

import pytest
import yaml

from breakwater import paths, syllabus
from breakwater.engines import description

SERVICES = ("catalog", "gateway", "orders", "payments", "provider")
CALLERS = ("gateway", "orders", "payments")
CALLED_ONLY = ("catalog", "provider")
FLAWS = tomllib.loads((paths.SOLUTIONS / "flaws.toml").read_text())["flaw"] if paths.SOLUTIONS.is_dir() else []


@pytest.mark.parametrize("service", SERVICES)
def test_the_openapi_description_is_what_the_code_generates(service):
    spec = importlib.util.spec_from_file_location("export", paths.BOXOFFICE / "contracts" / "export.py")
    assert spec
    assert spec.loader
    export = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(export)
    committed = (paths.BOXOFFICE / "contracts" / "openapi" / f"{service}.json").read_text()
    hint = "run: python labs/boxoffice/contracts/export.py"
    assert export.description(paths.BOXOFFICE / service) == committed, hint


@pytest.mark.parametrize("service", SERVICES)
def test_requirements_are_the_locked_versions(service):
    lock = (paths.ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    for line in (paths.BOXOFFICE / service / "requirements.txt").read_text().splitlines():
        name, version = re.fullmatch(r"([a-z0-9-]+)(?:\[\w+\])?==(\S+)", line).groups()
        assert locked[name] == version, f"{service}/requirements.txt: {line}"


@pytest.mark.parametrize(
    ("name", "services"), [("problems.py", SERVICES), ("logs.py", CALLERS), ("logs.py", CALLED_ONLY)]
)
def test_what_is_repeated_on_purpose_is_repeated_exactly(name, services):
    copies = {(paths.BOXOFFICE / service / "app" / name).read_text() for service in services}
    assert len(copies) == 1


def test_the_shop_describes_its_services_links_and_sides():
    shop = description.load(paths.BOXOFFICE)
    jobs, servers = ["catalog-migrate", "payments-migrate", "orders-migrate"], ["postgres"]
    assert sorted(shop.services) == sorted([*SERVICES, *jobs, *servers])
    assert [name for name, service in shop.services.items() if service.judge] == ["provider"]
    links = {(link.caller, link.callee) for link in shop.links if link.caller != description.BUYER}
    databases = {("catalog", "postgres"), ("orders", "postgres"), ("payments", "postgres")}
    assert links == databases | {
        *(("gateway", "catalog"), ("gateway", "orders")),
        *(("orders", "payments"), ("payments", "provider")),
    }


def test_compose_knows_every_key():
    """Docker Compose refuses an unknown key; so do we, without Docker."""
    document = yaml.safe_load((paths.BOXOFFICE / "compose.yaml").read_text())
    known = {"image", "build", "command", "environment", "volumes", "ports", "depends_on", "healthcheck"}
    for name, service in document["services"].items():
        assert {key for key in service if not key.startswith("x-")} <= known, name
        named = [volume.partition(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")]
        assert set(named) <= set(document["volumes"]), name
        assert set(service.get("depends_on", {})) <= set(document["services"]), name


@pytest.mark.parametrize("flaw", FLAWS, ids=[flaw["id"] for flaw in FLAWS])
def test_a_flaw_names_a_service_a_source_and_what_sees_it(flaw):
    """What sees it: checks that exist; until they do, the module that will bring them, or its part (`awaits`)."""
    assert set(flaw) - {"awaits"} == {"id", "service", "module", "summary", "source", "checks"}
    assert flaw["service"] in SERVICES
    module = syllabus.load().find(flaw["module"])
    checks = [*paths.LABS.glob(f"{module.id}/checks/*.py"), *paths.SOLUTIONS.glob(f"{module.id}/checks/*.py")]
    written = {name for path in checks for name in re.findall(r'mark\.check\("([\w-]+)"\)', path.read_text())}
    assert set(flaw["checks"]) <= written
    assert bool(flaw["checks"]) != (not module.built or bool(flaw.get("awaits")))


def test_a_flaw_has_an_id_of_its_own():
    ids = [flaw["id"] for flaw in FLAWS]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("service", ["catalog", "gateway", "payments"])
def test_every_image_but_that_of_orders_is_as_it_should_be(service):
    lines = (paths.BOXOFFICE / service / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER app"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert any(line.startswith('CMD ["') for line in lines)


def test_the_image_of_orders_has_its_flaws():
    text = (paths.BOXOFFICE / "orders" / "Dockerfile").read_text()
    assert "USER" not in text
    assert "HEALTHCHECK" not in text
    assert "rm -r" not in text
    assert "pip wheel" in text
    assert re.search(r"^CMD [^\[]", text, re.MULTILINE)
    assert "exec" not in (paths.BOXOFFICE / "orders" / "entrypoint.sh").read_text()
