"""Pricing in three languages, in containers: one contract; mended, each leaves in order; the shop runs with any."""

import contextlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from breakwater import paths
from breakwater.engines import daemon
from breakwater.engines.compose import ComposeEngine
from tests import pricing
from tests.waiting import until

pytestmark = pytest.mark.compose

START_S = 60.0
END_S = 8
Image = Callable[..., str]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def image(docker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Build pricing in a language, as it is handed out or `mended`; each once. Removed at the end."""
    built: dict[tuple[str, bool], str] = {}

    def build(language: str, *, mended: bool = False) -> str:
        if (language, mended) not in built:
            name = f"test-pricing-{language}:{'mended' if mended else 'starter'}"
            folder = pricing.lay(language, tmp_path_factory.mktemp("pricing") / language, mended=mended)
            words = ["docker", "build", "--quiet", "--tag", name, str(folder)]
            done = subprocess.run(words, env=daemon.environment(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            built[language, mended] = name
        return built[language, mended]

    yield build
    for name in built.values():
        docker.images.remove(name, force=True)


@pytest.fixture
def run(docker: Any) -> Iterator[Run]:
    """Run an image; its port is published on loopback. Removed after the test."""
    begun: list[Any] = []

    def start(name: str, prices: str | None = pricing.listed()) -> Any:
        environment = {} if prices is None else {"PRICES": prices}
        ports = {"8000/tcp": ("127.0.0.1", None)}
        begun.append(docker.containers.run(name, detach=True, environment=environment, ports=ports))
        return begun[-1]

    yield start
    for container in begun:
        container.remove(force=True)


def url_of(container: Any) -> str:
    """Where a container answers, once it is ready."""

    def is_ready() -> bool:
        container.reload()
        assert container.status != "exited", container.logs().decode()
        with contextlib.suppress(httpx.HTTPError, KeyError, IndexError, TypeError):
            return httpx.get(f"{where()}/readyz", trust_env=False).status_code == 200
        return False

    def where() -> str:
        return f"http://127.0.0.1:{container.attrs['NetworkSettings']['Ports']['8000/tcp'][0]['HostPort']}"

    until(is_ready, START_S)
    return where()


@pytest.mark.parametrize("mended", [False, True], ids=["starter", "mended"])
@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_each_keeps_the_contract(image: Image, run: Run, language: str, mended: bool) -> None:
    where = url_of(run(image(language, mended=mended)))
    assert pricing.contract().broken(where, pricing.PRICES) == []


@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_each_runs_without_root_and_says_itself_whether_it_is_well(
    docker: Any, image: Image, run: Run, language: str
) -> None:
    user = docker.images.get(image(language)).attrs["Config"]["User"]
    assert user.partition(":")[0] not in ("", "0", "root")
    container = run(image(language))

    def is_healthy() -> bool:
        container.reload()
        return bool(container.attrs["State"]["Health"]["Status"] == "healthy")

    until(is_healthy, START_S)
    pid = daemon.process_of(container)
    if pid is not None:
        uids = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))
        assert "0" not in uids.split()[1:]


@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_each_logs_one_line_of_json_for_a_request_and_none_for_a_probe(image: Image, run: Run, language: str) -> None:
    container = run(image(language))
    booking, headers = {"event": "opening-night", "seats": 12}, {"X-Request-ID": "find-me"}
    httpx.post(f"{url_of(container)}/quotes", json=booking, headers=headers, trust_env=False)
    httpx.get(f"{url_of(container)}/nowhere/ö", headers={"X-Request-ID": "lost"}, trust_env=False)

    def said() -> list[str]:
        return container.logs(stdout=True, stderr=False).decode().splitlines()

    until(lambda: any('"lost"' in line for line in said()))
    lines = [json.loads(line) for line in said()]
    told = {
        line["request_id"]: (line["level"], line["service"], line["message"], line["status"])
        for line in lines
        if "status" in line
    }
    assert told["find-me"] == ("info", "pricing", "POST /quotes", 200)
    assert told["lost"] == ("info", "pricing", "GET /nowhere/ö", 404)
    found = next(line for line in lines if line["request_id"] == "find-me")
    assert found["at"].endswith("+00:00")
    assert 0 <= found["seconds"] < 5
    assert not any("readyz" in line["message"] for line in lines)


@pytest.mark.parametrize("language", pricing.LANGUAGES)
@pytest.mark.parametrize("prices", [None, "opening-night=4500 quay-concert", "opening-night=-1"])
def test_each_ends_where_its_price_list_cannot_be_read(
    image: Image, run: Run, language: str, prices: str | None
) -> None:
    container = run(image(language), prices)
    assert container.wait(timeout=START_S)["StatusCode"] != 0
    assert any("PRICES" in line or "prices" in line for line in container.logs().decode().splitlines())


@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_mended_each_leaves_in_order(image: Image, run: Run, language: str) -> None:
    container = run(image(language, mended=True))
    seen = pricing.watch_it_leave(url_of(container), lambda: container.kill(signal.SIGTERM))
    assert seen.unready_s is not None, "it never said that it was about to stop"
    assert seen.refused_s - seen.unready_s >= 0.5
    assert seen.half_sent == (200,) * pricing.HALF_SENT
    assert container.wait(timeout=END_S)["StatusCode"] == 0


@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_mended_and_with_nothing_under_way_each_ends_soon(image: Image, run: Run, language: str) -> None:
    container = run(image(language, mended=True))
    url_of(container)
    container.kill(signal.SIGTERM)
    assert container.wait(timeout=4)["StatusCode"] == 0


@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_as_it_is_handed_out_each_drops_what_it_has_begun(image: Image, run: Run, language: str) -> None:
    container = run(image(language))
    seen = pricing.watch_it_leave(url_of(container), lambda: container.kill(signal.SIGTERM))
    assert seen.unready_s is None
    assert 200 not in seen.half_sent


@pytest.mark.shop
@pytest.mark.parametrize("language", pricing.LANGUAGES)
def test_the_shop_runs_with_each_in_its_place(
    make_engine: Callable[..., ComposeEngine], docker: Any, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("PRICING", language)
    engine = make_engine(paths.BOXOFFICE)
    assert {row.state for row in engine.up()} == {"healthy"}
    project = daemon.project_of(engine.spec.state)
    names = [
        container.attrs["Config"]["Image"]
        for container in daemon.containers(docker, project)
        if container.labels[daemon.SERVICE] == "pricing"
    ]
    assert [name.partition(":")[0] for name in names] == [f"breakwater/pricing-{language}"]
    page = httpx.get(f"{engine.endpoint('gateway')}/events/opening-night", timeout=30, trust_env=False)
    assert page.status_code == 200
    assert page.json()["free_seats"] == 200
    assert pricing.contract().broken(engine.endpoint("pricing")) == []
