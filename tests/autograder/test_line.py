"""The line between a learner's process and the judge's, by what an event loop does beside it."""

import asyncio
import socket
import threading

from autograder.inside.interpreter.crossing.channel import Channel
from autograder.inside.interpreter.crossing.sides import Side


async def test_an_answer_that_is_read_where_it_was_awaited_leaves_the_loop_nothing_to_wait_for() -> None:
    ours, theirs = socket.socketpair()
    line = Side(Channel(ours)).line
    Channel(theirs).send({"answer": 1, "value": 5})
    answers: list[int] = []
    # In one turn of the loop: it sees that there is something to read, and before it is read there, `ask` reads it.
    asyncio.get_running_loop().call_soon(lambda: answers.append(line.ask("text", 7)))
    hangs_up = threading.Timer(3.0, theirs.shutdown, [socket.SHUT_RDWR])  # or nobody would ever wake the loop
    hangs_up.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    hangs_up.cancel()
    hangs_up.join()
    assert (answers, line.broke) == ([5], None)
    line.close()
    theirs.close()
