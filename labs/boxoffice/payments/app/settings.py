"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`DATABASE_URL` is this service's own database, `PROVIDER_URL` the card provider."""

    database_url: str
    provider_url: str
