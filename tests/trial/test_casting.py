"""Who plays what in a rehearsal, and who must be well before whom."""

from typing import Any

from breakwater import paths
from breakwater.engines import description
from breakwater.engines.trial.casting import WELL, cast, needs

SHOP = description.load(paths.BOXOFFICE)


def config(**more: dict[str, Any]) -> dict[str, Any]:
    """A composition as Compose normalises it, as far as a cast asks for it."""
    services: dict[str, dict[str, Any]] = {
        name: {"networks": {"default": None}, "environment": dict(service.environment)}
        for name, service in SHOP.services.items()
    }
    services["gateway"]["ports"] = [{"target": 8000, "published": "8080", "host_ip": "127.0.0.1", "protocol": "tcp"}]
    for name, table in more.items():
        services[name] |= table
    return {"services": services, "networks": {"default": {"name": "boxoffice_default"}}}


def casting(**more: dict[str, Any]) -> Any:
    return cast(SHOP, config(**more), project="p", image="actors:1", labels={"a": "b"}, well=False)


def test_a_service_needs_whom_its_urls_name_and_the_job_that_migrates_its_database() -> None:
    found = {name: set(needs(SHOP, service)) for name, service in SHOP.services.items()}
    assert found["postgres"] == set()
    assert found["orders-migrate"] == {"postgres"}
    assert found["orders"] == {"postgres", "orders-migrate", "inventory", "payments"}
    assert found["gateway"] == {"catalog", "inventory", "orders", "pricing"}
    assert found["pricing"] == set()
    assert found["payments"] == {"postgres", "payments-migrate", "provider"}


def test_an_actor_listens_where_the_service_does() -> None:
    ports = casting().ports
    assert (ports["orders"], ports["inventory"], ports["postgres"], ports["gateway"]) == (8000, 9000, 5432, 8000)
    assert ports["pricing"] == 8000


def test_nothing_of_a_learners_runs_or_is_mounted() -> None:
    mine = {
        "image": "mine",
        "command": ["rm"],
        "entrypoint": ["sh"],
        "environment": {"TOKEN": "x"},
        "volumes": [{"type": "bind", "source": "/shop/x", "target": "/x"}],
        "user": "root",
        "secrets": [{"source": "x"}],
        "container_name": "mine",
        "restart": "always",
    }
    played = casting(catalog=mine).file["services"]["catalog"]
    assert played["image"] == "actors:1"
    assert played["environment"] == {"ACTOR": "catalog", "PORT": "8000"}
    assert not set(played) & {"entrypoint", "volumes", "user", "secrets", "container_name", "restart", "build"}
    assert played["labels"] == {"a": "b"}


def test_what_makes_it_a_part_of_a_system_is_kept() -> None:
    mine = {
        "networks": {"front": {"aliases": ["shelf"]}, "back": None},
        "depends_on": {"postgres": {"condition": "service_healthy", "required": True}},
        "deploy": {"replicas": 3, "resources": {"limits": {"memory": "268435456"}}, "placement": {}},
        "pids_limit": 100,
        "read_only": True,
        "cap_drop": ["ALL"],
    }
    played = casting(orders=mine).file["services"]["orders"]
    assert played["networks"] == {"front": {"aliases": ["shelf"]}, "back": {"aliases": []}}
    assert played["deploy"] == {"replicas": 3, "resources": {"limits": {"memory": "268435456"}}}
    assert {key: played[key] for key in ("depends_on", "pids_limit", "read_only", "cap_drop")} == {
        key: mine[key] for key in ("depends_on", "pids_limit", "read_only", "cap_drop")
    }


def test_a_port_is_published_where_the_learner_says_and_by_a_number_that_docker_picks() -> None:
    ports = casting(payments={"ports": [{"target": 8000, "published": "8001"}]}).file["services"]
    assert ports["gateway"]["ports"] == [{"target": 8000, "protocol": "tcp", "host_ip": "127.0.0.1"}]
    assert ports["payments"]["ports"] == [{"target": 8000, "protocol": "tcp"}]


def test_an_actor_is_asked_for_its_health_where_the_service_would_be() -> None:
    services = casting(catalog={"healthcheck": {"test": ["CMD", "x"]}}).file["services"]
    assert services["catalog"]["healthcheck"]["test"] == ["CMD", "test", "-e", WELL]
    assert services["payments"]["healthcheck"]["test"]  # by its image
    assert services["pricing"]["healthcheck"]["test"]  # by its image alone: the description has none
    assert services["orders"]["healthcheck"] == {"disable": True}  # the image as it was handed out asks nobody
    assert services["orders-migrate"]["healthcheck"] == {"disable": True}
    assert casting(payments={"healthcheck": {"disable": True}}).file["services"]["payments"]["healthcheck"] == {
        "disable": True
    }


def test_a_job_ends_when_it_is_well() -> None:
    services = casting().file["services"]
    assert services["orders-migrate"]["environment"]["JOB"] == "1"
    assert "JOB" not in services["orders"]["environment"]
