"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`DATABASE_URL` is this service's own database.

    `INVENTORY_URL` is the service that has the seats, `PAYMENTS_URL` the one that takes the money.
    """

    database_url: str
    inventory_url: str
    payments_url: str
