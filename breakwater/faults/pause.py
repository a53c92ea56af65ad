"""A service that stands still."""

from dataclasses import dataclass

from breakwater.faults import ServiceFault, Services


@dataclass(frozen=True)
class Pause(ServiceFault):
    """The service stands still, and goes on where it stood when the fault heals.

    It keeps its port, its connections and its locks (SIGSTOP; docker pause). Its kernel still accepts connections, so
    nobody is refused: callers wait. What they asked meanwhile is carried out afterwards. So looks a long garbage
    collection, a machine that swaps, or a virtual machine that is being moved.
    """

    @property
    def began(self) -> str:
        return f"{self.service} stands still"

    @property
    def healed(self) -> str:
        return f"{self.service} goes on"

    async def begin(self, services: Services) -> None:
        await services.pause(self.service)

    async def heal(self, services: Services) -> None:
        await services.resume(self.service)
