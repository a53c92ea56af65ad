"""Images on a real Docker Engine: built without a network, read, run, and cleared away, whatever they ask for."""

import asyncio
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from breakwater import paths
from breakwater.checks.images import Image, Images
from breakwater.checks.runner import CheckJob, lay_over, run_checks
from breakwater.checks.verdict import Verdict
from breakwater.engines import ShopSpec
from breakwater.engines.trial import labels
from breakwater.engines.trial.engine import ImagesEngine
from breakwater.errors import ShopDidNotStart

pytestmark = [pytest.mark.shop, pytest.mark.compose]

LAB = "02-containers"
MakeEngine = Callable[..., ImagesEngine]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return lay_over(None, tmp_path / "shop")


@pytest.fixture
def make_engine(docker: Any, tmp_path: Path) -> Iterator[MakeEngine]:
    made: list[ImagesEngine] = []

    def make(shop: Path, *builds: str) -> ImagesEngine:
        state = tmp_path / f"state-{uuid.uuid4().hex[:6]}"
        made.append(ImagesEngine(ShopSpec(shop, state), builds=builds))
        return made[-1]

    yield make
    for engine in made:
        engine.down()


def left(docker: Any, engine: ImagesEngine) -> list[Any]:
    """What Docker still has of an engine's trial."""
    chosen = {"label": f"{labels.TRIAL}={engine._trial}"}
    return [
        *docker.containers.list(all=True, filters=chosen, ignore_removed=True),
        *docker.networks.list(filters=chosen),
        *docker.volumes.list(filters=chosen),
        *docker.images.list(filters=chosen),
    ]


def everything(docker: Any) -> set[str]:
    found = [
        *docker.containers.list(all=True, ignore_removed=True),
        *docker.networks.list(),
        *docker.volumes.list(),
        *(image for image in docker.images.list() if not any(tag.startswith("breakwater/") for tag in image.tags)),
    ]
    return {str(each.id) for each in found}


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


ASKS_FOR_TOO_MUCH = {
    "privileged": ("compose.yaml", "    privileged: true\n"),
    "the host's network": ("compose.yaml", "    network_mode: host\n"),
    "the root": ("compose.yaml", "    volumes: ['/:/host']\n"),
    "Docker's socket": ("compose.yaml", "    volumes: ['/var/run/docker.sock:/s']\n"),
}


@pytest.mark.parametrize(("file", "more"), ASKS_FOR_TOO_MUCH.values(), ids=ASKS_FOR_TOO_MUCH)
def test_a_composition_that_asks_for_the_machine_is_refused_in_one_line_and_leaves_nothing(
    make_engine: MakeEngine, shop: Path, docker: Any, file: str, more: str
) -> None:
    before = everything(docker)
    text = (shop / file).read_text()
    (shop / file).write_text(text.replace("    build: ./catalog\n", f"    build: ./catalog\n{more}"))
    engine = make_engine(shop, "orders")
    with pytest.raises(ShopDidNotStart) as caught:
        engine.up()
    assert str(caught.value).startswith("compose.yaml, line ")
    assert "\n" not in str(caught.value)
    engine.down()
    assert everything(docker) == before
    assert left(docker, engine) == []


def test_a_dockerfile_that_asks_for_the_machine_is_refused_in_one_line_and_leaves_nothing(
    make_engine: MakeEngine, shop: Path, docker: Any
) -> None:
    before = everything(docker)
    file = shop / "orders" / "Dockerfile"
    file.write_text(file.read_text() + "RUN --security=insecure mount /dev/sda1 /mnt\n")
    engine = make_engine(shop, "orders")
    with pytest.raises(ShopDidNotStart, match=r"orders/Dockerfile, line \d+: `RUN --security` is not allowed"):
        engine.up()
    engine.down()
    assert everything(docker) == before


def test_a_build_has_no_network(make_engine: MakeEngine, shop: Path) -> None:
    file = shop / "orders" / "Dockerfile"
    code = "import socket; socket.create_connection(('1.1.1.1', 53), timeout=3)"
    file.write_text(f'FROM python:3.13-slim\nRUN python -c "{code}"\n')
    with pytest.raises(ShopDidNotStart, match=r"The image of orders does not build: .*unreachable"):
        make_engine(shop, "orders").up()


def test_what_is_built_is_cleared_with_all_that_was_run(make_engine: MakeEngine, shop: Path, docker: Any) -> None:
    before = everything(docker)
    engine = make_engine(shop, "orders")
    [row] = engine.up()
    assert (row.name, row.state) == ("orders", "built")

    async def use() -> None:
        stage = await engine.stage()
        subject = await stage.start(engine.built("orders").id)
        assert (await subject.state())["Status"] == "running"
        await (await engine.rehearsal()).come_up()

    run(use())
    assert left(docker, engine)
    engine.down()
    assert left(docker, engine) == []
    assert everything(docker) == before


def test_a_removed_file_is_found_in_its_layer(make_engine: MakeEngine, shop: Path) -> None:
    engine = make_engine(shop, "orders")
    engine.up()
    secret = uuid.uuid4().hex

    async def places() -> list[str]:
        image = await Images(engine, shop).edited("orders", {"local.env": f"TOKEN={secret}\n"})
        return await image.places(secret)

    assert any("srv/local.env" in place for place in run(places()))


def test_an_edit_is_told_by_the_layers_that_it_changes(make_engine: MakeEngine, shop: Path) -> None:
    engine = make_engine(shop, "orders")
    engine.up()

    async def differs() -> tuple[float, float]:
        images = Images(engine, shop)
        mine: Image = images.mine("orders")
        same = await images.edited("orders", {})
        edited = await images.edited("orders", {"app/settings.py": lambda text: text + "\n"})
        return await same.differs_mb(mine), await edited.differs_mb(mine)

    nothing, all_of_it = run(differs())
    assert nothing == 0
    assert all_of_it > 50


def test_the_image_under_trial_has_no_way_out(make_engine: MakeEngine, shop: Path) -> None:
    engine = make_engine(shop, "orders")
    engine.up()

    async def said() -> tuple[int, str]:
        stage = await engine.stage()
        subject = await stage.start(engine.built("orders").id)
        code = "import socket; socket.create_connection(('1.1.1.1', 53), timeout=3)"
        return await subject.run("python", "-c", code)

    status, lines = run(said())
    assert status != 0
    assert "unreachable" in lines or "timed out" in lines


def test_what_a_killed_judge_left_is_cleared_by_the_next(docker: Any, shop: Path, tmp_path: Path) -> None:
    from breakwater.checks.scratch import scratch

    program = (
        "import sys, time\nfrom pathlib import Path\nfrom breakwater.checks.scratch import open_engine, scratch\n"
        "with scratch() as folder:\n"
        "    engine = open_engine('images', Path(sys.argv[1]), folder, builds=('orders',))\n"
        "    engine.up()\n    print(engine._trial, flush=True)\n    time.sleep(600)\n"
    )
    words = [sys.executable, "-c", program, str(shop)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        trial = process.stdout.readline().strip()
        process.kill()
    chosen = {"label": f"{labels.TRIAL}={trial}"}
    assert docker.images.list(filters=chosen)
    with scratch():
        assert docker.images.list(filters=chosen) == []


def test_what_a_trial_left_whose_folder_is_gone_is_cleared_by_the_next(
    make_engine: MakeEngine, shop: Path, docker: Any
) -> None:
    """As it is left where the daemon was away when the trial ended."""
    lost = make_engine(shop, "orders")
    lost.up()
    shutil.rmtree(lost._state)
    assert left(docker, lost)
    make_engine(shop, "orders").up()
    assert left(docker, lost) == []


def judged(shop: Path, *select: str) -> dict[str, Verdict]:
    report = run_checks(CheckJob(LAB, shop, hidden=True, select=select))
    return {check.id: check.verdict for check in report.checks}


def test_the_naive_shop_fails_by_verdicts(shop: Path, docker: Any) -> None:
    verdicts = judged(shop)
    assert verdicts.pop("starts", Verdict.PASSED) is Verdict.PASSED
    assert set(verdicts.values()) == {Verdict.FAILED}


def test_the_reference_passes(tmp_path: Path, docker: Any) -> None:
    verdicts = judged(lay_over(paths.SOLUTIONS / LAB / "boxoffice", tmp_path / "shop"))
    assert set(verdicts.values()) == {Verdict.PASSED}


def test_a_shop_that_is_refused_has_one_red_line(shop: Path, docker: Any) -> None:
    shutil.copy(shop / "catalog" / "Dockerfile", shop / "orders" / "Dockerfile")
    file = shop / "orders" / "Dockerfile"
    file.write_text(f"# syntax=docker/dockerfile:1\n{file.read_text()}")
    report = run_checks(CheckJob(LAB, shop))
    first, *others = report.checks
    assert (first.id, first.verdict) == ("starts", Verdict.FAILED)
    assert first.message.startswith("orders/Dockerfile, line 1: `# syntax=` is not allowed")
    assert {check.message for check in others} == {"needs: starts"}
