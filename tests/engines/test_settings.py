"""What a service is told: where to listen, whom to call, with which password, and nothing else."""

from pathlib import Path

import pytest

from breakwater.engines.description import Shop, load
from breakwater.engines.settings import Settings
from breakwater.errors import BadInput

PORTS = {"postgres": 1111, "provider": 2222, "back": 3333, "front": 4444, "teller": 5555}


def settings_of(shop: Shop, state: Path) -> Settings:
    """Settings without proxies: links lead straight to the callee's port."""
    return Settings(shop, state, PORTS, {})


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("uvicorn app:app --host 0.0.0.0 --port 8000", ("uvicorn", "app:app", "--host", "127.0.0.1", "--port", "4444")),
        ("uvicorn app:app --host=0.0.0.0 --port=8000", ("uvicorn", "app:app", "--host=127.0.0.1", "--port=4444")),
        ("sh -c 'a && uvicorn app:app --port 8000'", ("sh", "-c", "a && uvicorn app:app --port 4444")),
    ],
)
def test_a_command_is_told_its_port(stub_copy: Path, command: str, told: tuple[str, ...]) -> None:
    text = (stub_copy / "compose.yaml").read_text()
    head, _, tail = text.rpartition("uvicorn app.main:app --host 0.0.0.0 --port 8000")
    (stub_copy / "compose.yaml").write_text(head + command + tail)
    shop = load(stub_copy)
    assert settings_of(shop, stub_copy).command(shop.services["front"]) == told


def test_a_command_that_cannot_be_told_is_said(stub_copy: Path) -> None:
    text = (stub_copy / "compose.yaml").read_text().replace("--port 8000", "")
    (stub_copy / "compose.yaml").write_text(text)
    shop = load(stub_copy)
    with pytest.raises(BadInput, match=r"service `front`: its command has no `--port N`"):
        settings_of(shop, stub_copy).command(shop.services["front"])


def test_a_job_is_run_as_it_stands(stub_folder: Path, tmp_path: Path) -> None:
    shop = load(stub_folder)
    assert settings_of(shop, tmp_path).command(shop.services["back-migrate"]) == ("python", "-m", "app.migrate")


def test_urls_lead_to_this_machine_with_the_roles_real_password(stub_folder: Path, tmp_path: Path) -> None:
    shop = load(stub_folder)
    settings = settings_of(shop, tmp_path)
    settings.passwords = {"back": "s3cret"}
    told = settings.environment(shop.services["back"])
    assert told["DATABASE_URL"] == "postgresql://back:s3cret@127.0.0.1:1111/back"
    assert told["PROVIDER_URL"] == "http://127.0.0.1:2222"
    assert settings.environment(shop.services["front"])["TELLER_URL"] == "grpc://127.0.0.1:5555"


def test_nobody_is_told_the_superusers_password(stub_copy: Path) -> None:
    text = (stub_copy / "compose.yaml").read_text().replace("//back:back@", "//postgres:guess@")
    (stub_copy / "compose.yaml").write_text(text)
    shop = load(stub_copy)
    settings = settings_of(shop, stub_copy)
    settings.passwords = {"back": "s3cret"}
    assert settings.environment(shop.services["back"])["DATABASE_URL"].startswith("postgresql://postgres:guess@")


def test_the_judges_files_lie_in_the_state(stub_folder: Path, tmp_path: Path) -> None:
    shop = load(stub_folder)
    settings = settings_of(shop, tmp_path)
    told = settings.environment(shop.services["provider"])
    assert told["BOOKS"] == str(tmp_path / "judge" / "provider" / "books.txt")
    assert told["CONTROL_SOCKET"] == settings.provider_socket() == str(tmp_path / "judge/provider/control.sock")
    assert (tmp_path / "judge" / "provider").stat().st_mode & 0o077 == 0


def test_nothing_of_the_callers_environment_comes_along(
    stub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "1")
    shop = load(stub_folder)
    assert "SECRET_OF_MINE" not in settings_of(shop, tmp_path).environment(shop.services["front"])
