"""Settings, all from the environment."""

from typing import Annotated

from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode


class Settings(BaseSettings):
    """`PRICES` is the price list, in cents a seat: `opening-night=4500 quay-concert=2500`."""

    prices: Annotated[dict[str, int], NoDecode]

    @field_validator("prices", mode="before")
    @classmethod
    def parsed(cls, value: str) -> dict[str, str]:
        """Read the list; what is no price is refused when the service starts, and not when a buyer asks."""
        return dict(entry.split("=", 1) for entry in value.split())
