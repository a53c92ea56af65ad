"""Which images a shop needs, what its own are called, and which have a stand-in. Nothing is asked of Docker here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from breakwater import paths
from breakwater.engines import composition, description, images, standins
from breakwater.engines.standins import Recipe
from breakwater.errors import BadInput, ShopDidNotStart

Make = Callable[[str, str], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a Dockerfile into a folder of a shop, and return the folder."""
    (tmp_path / description.FILE).touch()

    def write(place: str, text: str) -> Path:
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(text)
        return folder

    return write


def test_bases_are_what_is_named_and_what_dockerfiles_begin_with(make: Make) -> None:
    orders = make("orders", "FROM python:3.13-slim AS build\nFROM build\nFROM scratch\n")
    services = {"orders": {"build": {"context": str(orders)}}, "postgres": {"image": "postgres:17"}}
    assert images.bases({"services": services}) == ["python:3.13-slim", "postgres:17"]


def test_bases_of_other_folders_come_after_those_of_the_shop(make: Make) -> None:
    go = make("pricing/go", "FROM golang:1.24 AS build\nFROM scratch\n")
    java = make("pricing/java", "FROM eclipse-temurin:21-jdk AS build\nFROM eclipse-temurin:21-jre\n")
    found = images.bases({"services": {"postgres": {"image": "postgres:17"}}}, [go, java])
    others = ["golang:1.24", "eclipse-temurin:21-jdk", "eclipse-temurin:21-jre"]
    assert found == ["python:3.13-slim", "postgres:17", *others]


def test_a_folder_without_a_dockerfile_is_told(tmp_path: Path) -> None:
    with pytest.raises(ShopDidNotStart, match="cobol/Dockerfile is no Dockerfile that can be read"):
        images.bases({"services": {}}, [tmp_path / "cobol"])


@pytest.mark.parametrize(("place", "name"), [("orders", "orders"), ("pricing/go", "pricing-go")])
def test_an_image_is_called_after_its_folder_in_the_shop(make: Make, place: str, name: str) -> None:
    assert images._repository({"context": str(make(place, ""))}) == name


def test_every_base_of_our_shop_has_a_stand_in() -> None:
    shop = description.load(paths.BOXOFFICE)
    assert [folder.name for folder in shop.others] == ["go", "java"]
    services = {name: {"build": {"context": str(each.folder)}} for name, each in shop.services.items() if each.folder}
    for name in images.bases({"services": services}, shop.others):
        assert standins.recipe(name).name == name


@pytest.mark.parametrize(
    ("name", "kind", "version", "variant"),
    [
        ("python:3.13-slim", "python", "3.13", "slim"),
        ("postgres:17", "postgres", "17", ""),
        ("golang:1.24", "golang", "1.24", ""),
        ("eclipse-temurin:21-jre", "eclipse-temurin", "21", "jre"),
    ],
)
def test_a_recipe_is_told_by_the_name(name: str, kind: str, version: str, variant: str) -> None:
    assert standins.recipe(name) == Recipe(name, kind, version, variant)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pyton:3.13", "Did you mean `python`?"),
        ("rust:1.80", "There are: python, postgres, golang, eclipse-temurin."),
        ("python:3.13-alpine", "name it python:VERSION or python:VERSION-slim."),
        ("golang:1.24-slim", "name it golang:VERSION or golang:VERSION-trixie."),
        ("eclipse-temurin:21", "name it eclipse-temurin:VERSION-jdk or eclipse-temurin:VERSION-jre."),
        ("golang:latest", "name it golang:VERSION or"),
    ],
)
def test_what_has_no_recipe_is_said_in_one_line(name: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        standins.recipe(name)
    assert str(caught.value).startswith(f"There is no stand-in for the image {name}")
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", standins.RECIPES)
def test_each_kind_has_its_dockerfile_and_refuses_another_version(kind: str) -> None:
    text = (Path(standins.__file__).parent / f"{kind}.Dockerfile").read_text()
    assert f"FROM {standins.BASE}" in text
    assert "REFUSED: " in text


def test_what_a_stand_in_refused_is_told_and_not_the_command_that_refuses() -> None:
    said = (
        '#6 [2/4] RUN { [ "$is" = "$VERSION" ] || { echo "REFUSED: Debian has Go $is, not $VERSION"; exit 1; }; }\n'
        "#6 12.34 REFUSED: Debian has Go 1.24, not 1.23\n"
        '#6 ERROR: process "/bin/sh -c ..." did not complete successfully: exit code: 1\n'
    )
    told = "There is no stand-in for the image golang:1.23: Debian has Go 1.24, not 1.23."
    assert str(standins._not_built("golang:1.23", said)) == told


def test_compose_is_told_which_folder_was_chosen_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "services:\n  a:\n    build: ./a/${LANGUAGE:-python}\n    environment: {COLOUR: '${COLOUR:-blue}'}\n"
    (tmp_path / description.FILE).write_text(text)
    monkeypatch.setenv("COLOUR", "red")
    assert composition.chosen(tmp_path) == {}
    monkeypatch.setenv("LANGUAGE", "go")
    assert composition.chosen(tmp_path) == {"LANGUAGE": "go"}
