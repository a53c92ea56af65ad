"""What is written beside the shop's code agrees with it: contracts, requirements, flaws, compose.yaml."""

import importlib.util
import json
import re
import tomllib

import pytest
import yaml

from breakwater import ledger, paths, syllabus
from breakwater.engines import description

REST = ("catalog", "gateway", "orders", "payments", "pricing", "provider")
SERVICES = (*REST, "inventory")
SPEAK_GRPC = ("gateway", "inventory", "orders")
CALLERS = ("gateway", "orders", "payments")
CALLED_ONLY = ("catalog", "pricing", "provider")
OTHER_LANGUAGES = ("pricing/go", "pricing/java")
FLAWS = tomllib.loads((paths.SOLUTIONS / "flaws.toml").read_text())["flaw"] if paths.SOLUTIONS.is_dir() else []


def of_contracts(name):
    """A script beside the contracts, as a module."""
    spec = importlib.util.spec_from_file_location(name, paths.BOXOFFICE / "contracts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def folder(service):
    """Where a service's code in Python is."""
    return paths.BOXOFFICE / of_contracts("export").SERVICES.get(service, service)


@pytest.mark.parametrize("service", SPEAK_GRPC)
def test_the_code_that_speaks_grpc_is_what_the_proto_generates(service, tmp_path):
    (tmp_path / "app" / "rpc").mkdir(parents=True)
    of_contracts("generate").generate(tmp_path)
    committed = paths.BOXOFFICE / service / "app" / "rpc"
    generated = {path.name: path.read_text() for path in (tmp_path / "app" / "rpc").iterdir()}
    hint = "run: python labs/boxoffice/contracts/generate.py"
    assert {path.name: path.read_text() for path in committed.glob("*_pb2*")} == generated, hint


@pytest.mark.parametrize("service", REST)
def test_the_openapi_description_is_what_the_code_generates(service):
    export = of_contracts("export")
    committed = (paths.BOXOFFICE / "contracts" / "openapi" / f"{service}.json").read_text()
    hint = "run: python labs/boxoffice/contracts/export.py"
    assert export.description(folder(service)) == committed, hint


def test_every_description_that_is_exported_is_held():
    assert sorted(of_contracts("export").SERVICES) == sorted(REST)


@pytest.mark.parametrize("service", SERVICES)
def test_requirements_are_the_locked_versions(service):
    lock = (paths.ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    for line in (folder(service) / "requirements.txt").read_text().splitlines():
        name, version = re.fullmatch(r"([a-z0-9-]+)(?:\[\w+\])?==(\S+)", line).groups()
        assert locked[name] == version, f"{service}/requirements.txt: {line}"


@pytest.mark.parametrize(("name", "services"), [("problems.py", REST), ("logs.py", CALLERS), ("logs.py", CALLED_ONLY)])
def test_what_is_repeated_on_purpose_is_repeated_exactly(name, services):
    copies = {(folder(service) / "app" / name).read_text() for service in services}
    assert len(copies) == 1


def test_the_shop_describes_its_services_links_and_sides():
    shop = description.load(paths.BOXOFFICE)
    stores = ("catalog", "inventory", "orders", "payments")
    jobs, servers = [f"{name}-migrate" for name in stores], ["postgres"]
    assert sorted(shop.services) == sorted([*SERVICES, *jobs, *servers])
    assert [name for name, service in shop.services.items() if service.judge] == ["provider"]
    links = {(link.caller, link.callee) for link in shop.links if link.caller != description.BUYER}
    assert [name for name in shop.services if shop.speaks_grpc(name)] == ["inventory"]
    assert links == {
        *((name, "postgres") for name in stores),
        *(("gateway", name) for name in ("catalog", "inventory", "orders", "pricing")),
        *(("orders", "inventory"), ("orders", "payments"), ("payments", "provider")),
    }


def test_pricing_knows_the_cheapest_seat_of_every_event():
    """What `PRICES` says is what the ledger holds a shop to."""
    blocks = tomllib.loads(paths.PRICES.read_text())["block"]
    events = dict.fromkeys(block["event"] for block in blocks)
    lowest = {event: min(each["price_cents"] for each in blocks if each["event"] == event) for event in events}
    listed = description.load(paths.BOXOFFICE).services["pricing"].environment["PRICES"]
    assert listed == " ".join(f"{event}={cents}" for event, cents in lowest.items())
    contract = json.loads((paths.BOXOFFICE / "contracts" / "pricing.json").read_text())
    assert contract["prices"] == lowest


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
    assert set(flaw) - {"awaits", "breaks"} == {"id", "service", "module", "summary", "source", "checks"}
    assert flaw["service"] in (*SERVICES, "visitors")
    module = syllabus.load().find(flaw["module"])
    checks = [*paths.LABS.glob(f"{module.id}/checks/*.py"), *paths.SOLUTIONS.glob(f"{module.id}/checks/*.py")]
    written = {name for path in checks for name in re.findall(r'mark\.check\("([\w-]+)"', path.read_text())}
    assert set(flaw["checks"]) <= written
    assert bool(flaw["checks"]) != (not module.built or bool(flaw.get("awaits")))


def test_what_a_flaw_breaks_is_an_invariant():
    known = {law.name for law in ledger.load(paths.INVARIANTS)}
    assert {name for flaw in FLAWS for name in flaw.get("breaks", ())} <= known


def test_a_flaw_has_an_id_of_its_own():
    ids = [flaw["id"] for flaw in FLAWS]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("service", ["catalog", "gateway", "inventory", "payments", "pricing"])
def test_every_image_but_that_of_orders_is_as_it_should_be(service):
    lines = (folder(service) / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER app"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert any(line.startswith('CMD ["') for line in lines)


@pytest.mark.parametrize("place", OTHER_LANGUAGES)
def test_the_images_of_other_languages_are_built_in_stages_and_run_without_root(place):
    text = (paths.BOXOFFICE / place / "Dockerfile").read_text()
    assert len(re.findall("^FROM ", text, re.MULTILINE)) == 2
    assert re.findall("^USER (.*)$", text, re.MULTILINE) == ["65532"]
    assert re.search("^HEALTHCHECK ", text, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["', text, re.MULTILINE)


def test_the_image_of_orders_has_its_flaws():
    text = (paths.BOXOFFICE / "orders" / "Dockerfile").read_text()
    assert "USER" not in text
    assert "HEALTHCHECK" not in text
    assert "rm -r" not in text
    assert "pip wheel" in text
    assert re.search(r"^CMD [^\[]", text, re.MULTILINE)
    assert "exec" not in (paths.BOXOFFICE / "orders" / "entrypoint.sh").read_text()
