"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`CATALOG_URL` is the service that knows the events, `ORDERS_URL` the one that sells."""

    catalog_url: str
    orders_url: str
