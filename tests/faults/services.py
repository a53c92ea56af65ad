"""What a fault asks of an engine, written down."""


class Told:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def pause(self, name: str) -> None:
        self.asked.append(f"pause {name}")

    async def resume(self, name: str) -> None:
        self.asked.append(f"resume {name}")

    async def kill(self, name: str) -> None:
        self.asked.append(f"kill {name}")

    async def restart(self, name: str) -> None:
        self.asked.append(f"restart {name}")
