"""Without Docker a lab that needs it ends in one clear line."""

import pytest

from breakwater.engines.trial import prepare
from breakwater.errors import EngineTrouble


def test_a_daemon_that_does_not_answer_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program, **_: f"/usr/bin/{program}")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(EngineTrouble) as caught:
        prepare.connect()
    assert str(caught.value) == (
        "No Docker daemon answers at unix:///nowhere.sock. The checks of this lab build and run images, and need one. "
        "Start Docker, then: course doctor docker"
    )
    assert caught.value.exit_status == 3


def test_no_docker_at_all_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program, **_: None)
    with pytest.raises(EngineTrouble) as caught:
        prepare.connect()
    assert str(caught.value) == (
        "No Docker client is installed. The checks of this lab build and run images, and need one. Install Docker."
    )
