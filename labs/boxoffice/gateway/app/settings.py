"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """The services behind: `CATALOG_URL` knows the events, `INVENTORY_URL` has the seats, `ORDERS_URL` sells them."""

    catalog_url: str
    inventory_url: str
    orders_url: str
