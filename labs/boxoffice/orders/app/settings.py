"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`DATABASE_URL` is this service's own database, `PAYMENTS_URL` the service that takes the money."""

    database_url: str
    payments_url: str
