"""Settings, all from the environment."""

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`ORDERS_URL` is the service that sells."""

    orders_url: str
