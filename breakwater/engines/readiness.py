"""Waiting until a service says that it is ready."""

import asyncio

from breakwater.engines.process import Process

READY = "/readyz"
POLL_S = 0.01
ANSWER_S = 2.0


async def until_ready(process: Process, port: int, within_s: float) -> str:
    """Wait until a service answers that it is ready: an empty string, or why it is not."""
    answer = ""
    try:
        async with asyncio.timeout(within_s):
            while process.alive:
                answer = await _answer(port)
                if answer == "200":
                    return ""
                await asyncio.wait([process.exited], timeout=POLL_S)
    except TimeoutError:
        said = f"{READY} answered {answer}" if answer else "nothing listened at its port"
        return f"was not healthy within {within_s:g} s: {said}"
    return f"ended with status {process.exited.result()}"


async def _answer(port: int) -> str:
    """The status with which a service answers whether it is ready, or an empty string."""
    writer = None
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {READY} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline())[9:12].decode("latin-1")
    except OSError:
        return ""
    except (TimeoutError, ValueError):
        return "nothing"
    finally:
        if writer:
            writer.close()
