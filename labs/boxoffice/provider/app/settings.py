"""Settings, all from the environment."""

from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`BOOKS` is the file of the books; `CONTROL_SOCKET` the Unix socket of the controls (absent: no controls)."""

    books: Path
    control_socket: Path | None = None
