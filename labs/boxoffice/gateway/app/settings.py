"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """The services behind.

    `CATALOG_URL` knows the events, `INVENTORY_URL` has the seats, `ORDERS_URL` sells them, `PRICING_URL` says what they
    cost in the end.
    """

    catalog_url: str
    inventory_url: str
    orders_url: str
    pricing_url: str
