"""What is read from a shop's compose.yaml, and what is said of one that cannot be run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from breakwater.engines.description import BUYER, FILE, Kind, Link, load
from breakwater.errors import BadInput


@pytest.fixture
def shop(tmp_path: Path) -> Callable[[str], Path]:
    """Write a compose.yaml beside a build folder `a`."""

    def write(text: str) -> Path:
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / FILE).write_text(text)
        return tmp_path

    return write


def test_services_jobs_and_servers_are_told_apart(stub_folder: Path) -> None:
    kinds = {name: service.kind for name, service in load(stub_folder).services.items()}
    assert kinds == {
        "postgres": Kind.SERVER,
        "provider": Kind.CODE,
        "back-migrate": Kind.JOB,
        "back": Kind.CODE,
        "teller": Kind.CODE,
        "front": Kind.CODE,
    }


def test_links_are_discovered_from_urls_in_the_environment(stub_folder: Path) -> None:
    links = [link for link in load(stub_folder).links if link.caller != BUYER]
    assert links == [
        *(Link("back", "postgres"), Link("back", "provider")),
        *(Link("front", "back"), Link("front", "teller")),
    ]


def test_who_is_called_by_grpc_is_told_by_the_scheme_of_a_url_to_it(stub_folder: Path) -> None:
    shop = load(stub_folder)
    assert [name for name in shop.services if shop.speaks_grpc(name)] == ["teller"]


def test_each_service_has_a_link_from_outside(stub_folder: Path) -> None:
    callees = [link.callee for link in load(stub_folder).links if link.caller == BUYER]
    assert callees == ["provider", "back", "teller", "front"]


def test_variables_take_their_default_whatever_the_environment(
    stub_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOUR", "red")
    assert load(stub_folder).services["front"].environment["COLOUR"] == "blue"


def test_init_sql_and_the_judges_side_are_read(stub_folder: Path) -> None:
    services = load(stub_folder).services
    assert services["postgres"].init_sql == (stub_folder / "postgres" / "init.sql",)
    assert [name for name, service in services.items() if service.judge] == ["provider"]


def test_the_courses_own_shop_can_be_read() -> None:
    from breakwater.paths import BOXOFFICE

    assert Link("orders", "payments") in load(BOXOFFICE).links


def test_a_command_for_this_engine_alone_counts_where_there_is_no_other(shop: Callable[[str], Path]) -> None:
    own = "x-breakwater: {command: python -m app.main --port 8000}"
    folder = shop(f"services:\n  a: {{build: ./a, {own}}}\n  b: {{build: ./a, command: uvicorn x, {own}}}\n")
    commands = {name: service.command for name, service in load(folder).services.items()}
    assert commands == {"a": ("python", "-m", "app.main", "--port", "8000"), "b": ("uvicorn", "x")}


def test_folders_that_an_image_can_be_built_from_instead_are_read(shop: Callable[[str], Path]) -> None:
    folder = shop("services:\n  a: {build: ./a, command: x, x-breakwater: {instead: [b/go, ./b]}}\n")
    with pytest.raises(BadInput, match=r"compose\.yaml: service `a`: its folder b/go, listed under `instead`,"):
        load(folder)
    (folder / "b" / "go").mkdir(parents=True)
    assert load(folder).services["a"].instead == (folder / "b" / "go", folder / "b")


SERVICE = "build: ./a\n    command: uvicorn app.main:app --port 8000\n"
BAD = {
    "no file": (None, "is not a shop: it has no compose.yaml"),
    "broken YAML": ("services:\n  a: {build: ./a\n  b: [\n", "line 3: not valid YAML"),
    "no services": ("name: x\n", "lists no services"),
    "a service that is no table": ("services:\n  a: 3\n", "service `a` is not a table"),
    "no build": ("services:\n  a: {image: foo}\n", "service `a` has no `build` folder"),
    "missing folder": ("services:\n  a: {build: ./nowhere, command: x}\n", "build folder ./nowhere does not exist"),
    "folder outside": ("services:\n  a: {build: ../.., command: x}\n", "lies outside the shop"),
    "no command": ("services:\n  a: {build: ./a}\n", "service `a` has no `command`"),
    "a broken command": ('services:\n  a: {build: ./a, command: "uvicorn \'x"}\n', "its `command` cannot be read"),
    "unknown need": (
        f"services:\n  alpha:\n    {SERVICE}    depends_on: [alphb]\n",
        "service `alpha` depends on `alphb`, which the file does not describe. Did you mean `alpha`?",
    ),
    "unknown condition": (
        f"services:\n  a:\n    {SERVICE}    depends_on: {{a: {{condition: service_helthy}}}}\n",
        "Did you mean `service_healthy`?",
    ),
    "a circle": (
        f"services:\n  a:\n    {SERVICE}    depends_on: [b]\n  b:\n    {SERVICE}    depends_on: [a]\n",
        "goes round in a circle",
    ),
    "unknown server": ("services:\n  db: {x-breakwater: {server: postgres}}\n", "Did you mean `postgresql`?"),
    "missing init SQL": (
        "services:\n  db:\n    x-breakwater: {server: postgresql}\n"
        "    volumes: ['./no.sql:/docker-entrypoint-initdb.d/no.sql']\n",
        "its init SQL ./no.sql does not exist",
    ),
    "unknown side": (f"services:\n  a:\n    {SERVICE}    x-breakwater: {{side: juge}}\n", "not `juge`"),
    "a command that is a number": ("services:\n  a: {build: ./a, command: 3}\n", "neither text nor a list of words"),
    "a command of ours that is a table": (
        "services:\n  a: {build: ./a, x-breakwater: {command: {run: x}}}\n",
        "service `a`: its `command` is neither text nor a list of words",
    ),
    "folders that are no list": (
        f"services:\n  a:\n    {SERVICE}    x-breakwater: {{instead: a}}\n",
        "service `a`: `instead` is not a list of folders",
    ),
    "a folder that is a number": (
        f"services:\n  a:\n    {SERVICE}    x-breakwater: {{instead: [3]}}\n",
        "service `a`: `instead` is not a list of folders",
    ),
    "another folder that lies outside": (
        f"services:\n  a:\n    {SERVICE}    x-breakwater: {{instead: [../b]}}\n",
        "service `a`: its folder ../b, listed under `instead`, lies outside the shop",
    ),
    "a setting that is a list": (f"services:\n  a:\n    {SERVICE}    environment: {{A: [1]}}\n", "not a list"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_run_is_said_in_one_line(shop: Callable[[str], Path], text: str | None, said: str) -> None:
    folder = shop(text or "")
    if text is None:
        (folder / FILE).unlink()
    with pytest.raises(BadInput) as caught:
        load(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(BadInput, match=r"is not a shop"):
        load(tmp_path)


def test_aliases_that_multiply_do_not_fill_the_memory(shop: Callable[[str], Path]) -> None:
    rows = "\n".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, 12))
    with pytest.raises(BadInput):
        load(shop(f"x0: &x0 [a]\n{rows}\nservices:\n  a:\n    {SERVICE}    environment: {{A: *x11}}\n"))


def test_unknown_names_are_met_with_the_nearest(stub_folder: Path) -> None:
    shop = load(stub_folder)
    with pytest.raises(BadInput, match="Did you mean `front`"):
        shop.find("frnt")
    with pytest.raises(BadInput, match=r"no link front → postgres.*It has: .*front → back"):
        shop.find_link("front", "postgres")


def test_what_is_not_the_learners_comes_from_the_trusted_shop(stub_copy: Path, stub_folder: Path) -> None:
    text = (stub_copy / FILE).read_text()
    (stub_copy / FILE).write_text(text.replace("command: uvicorn app.main:app", "command: evil", 1))
    shop = load(stub_copy, trusted=stub_folder)
    assert shop.services["provider"].command[0] == "uvicorn"
    assert shop.services["provider"].folder == stub_folder / "provider"
    assert shop.services["postgres"].init_sql == (stub_folder / "postgres" / "init.sql",)
    assert shop.services["front"].folder == stub_copy.resolve() / "front"


def test_nobody_becomes_the_judge_by_saying_so(stub_copy: Path, stub_folder: Path) -> None:
    text = (stub_copy / FILE).read_text()
    (stub_copy / FILE).write_text(text + "    x-breakwater: {side: judge}\n")
    with pytest.raises(BadInput, match="service `front` has an `x-breakwater` that only"):
        load(stub_copy, trusted=stub_folder)
