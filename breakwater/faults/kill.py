"""A service that dies."""

from dataclasses import dataclass

from breakwater.faults import ServiceFault, Services


@dataclass(frozen=True)
class Kill(ServiceFault):
    """The service is killed at once (SIGKILL), with all that it had in memory, and started again when the fault heals.

    It runs no handler and ends no request. Connections to it break, and new ones do as soon as they are opened. What
    it had committed is there when it is back.
    """

    @property
    def began(self) -> str:
        return f"{self.service} is killed"

    @property
    def healed(self) -> str:
        return f"{self.service} is started again"

    async def begin(self, services: Services) -> None:
        await services.kill(self.service)

    async def heal(self, services: Services) -> None:
        await services.restart(self.service)
