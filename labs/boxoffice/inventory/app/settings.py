"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`DATABASE_URL` is this service's own database."""

    database_url: str
