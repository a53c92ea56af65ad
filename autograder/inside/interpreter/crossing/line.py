"""A line between two processes: objects on one side, and what stands for them on the other.

Either side asks the other to do something with an object of the other's: call it, await it, read an attribute. While
it waits for an answer it does what it is asked itself, so that a function that was handed over can be called back.
What is awaited runs as a task of its owner's event loop, and can be cancelled from the other side.
"""

import asyncio
import itertools
import json
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

from .channel import Channel, Lost, Message
from .doing import Called
from .frames import KIND
from .values import CannotCross, decode, encode


class LineBroke(Exception):
    """The other process is gone, or says what nobody understands."""


class Refused(AttributeError):
    """The other side asked for what it may not have."""


class Side(Protocol):
    """What a line asks of the process at its end. A strict one lets no object of the other side meet a plain value."""

    is_strict: bool

    def do(self, what: str, thing: Any, details: Message) -> Any:
        """Do with an object of ours what the other side asks. Raises Refused."""

    def run(self, thing: Any) -> Coroutine[Any, Any, Any]:
        """Await an object of ours, for the other side. Raises Refused."""

    def describe(self, thing: Any) -> Message:
        """What the other side has to know of an object of ours, beside its number."""

    def stand_in(self, told: Message) -> Any:
        """Make what stands for an object of the other side."""

    def raised(self, error: BaseException) -> Message:
        """Tell of an error that ends what the other side asked for."""

    def error(self, told: Message) -> BaseException:
        """The error that `raised` of the other side told of."""


class Line:
    """Our end of a line. It belongs to one event loop, and to that loop's thread."""

    def __init__(self, channel: Channel, side: Side) -> None:
        self._channel, self._side = channel, side
        self.is_strict = side.is_strict
        self._numbers = itertools.count(1)
        self._mine: dict[int, Any] = {}
        self._numbered: dict[int, int] = {}  # by identity: what is numbered is kept, so that no other takes its place
        self._theirs: dict[int, Any] = {}
        self._stands_for: dict[int, int] = {}  # by identity: what stands for which object of theirs
        self._answers: dict[int, Message] = {}
        self._awaited: dict[int, asyncio.Future[Message]] = {}
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._loop = asyncio.get_running_loop()
        self.broke: LineBroke | None = None
        self._loop.add_reader(channel, self._hear)

    def stop_tasks(self) -> None:
        """Cancel what is awaited here for the other side."""
        for task in list(self._tasks.values()):
            task.cancel()

    # What we ask of the other side.

    def ask(self, what: str, of: int, **details: Any) -> Any:
        """Have the other side do something with its object number `of` (0: its namespace), and wait for the answer.

        Raises what that raises there; LineBroke where there is no answer.
        """
        number = next(self._numbers)
        values = {name: self.sent(value) for name, value in details.items()}
        self._say({"ask": number, "do": what, "of": of, **values})
        while number not in self._answers:
            self._take(self._read())
        return self._result(self._answers.pop(number))

    async def wait_for(self, of: int) -> Any:
        """Await the other side's object number `of` there. To cancel this is to cancel that."""
        number = next(self._numbers)
        answer = self._awaited[number] = self._loop.create_future()
        self._say({"ask": number, "do": "await", "of": of})
        while not answer.done():
            try:
                await asyncio.shield(answer)
            except asyncio.CancelledError:
                if not answer.done():  # what it does of that, its answer will tell
                    self._say({"cancel": number})
        return self._result(answer.result())

    def close(self) -> None:
        """Hang up: what is awaited over this line ends, on both sides."""
        self._lost("we hung up")

    def has_for(self, thing: Any) -> bool:
        """Whether this stands for an object of the other side."""
        return id(thing) in self._stands_for

    # What passes.

    def sent(self, value: Any) -> Any:
        """A value as it goes over the line: plain, or the number of an object of ours or of theirs."""
        return encode(value, self._number)

    def received(self, data: Any) -> Any:
        return decode(data, self._object)

    def _number(self, thing: Any) -> Message:
        if isinstance(thing, BaseException):
            return {KIND: "error", **self._side.raised(thing)}
        if (theirs := self._stands_for.get(id(thing))) is not None:
            return {KIND: "yours", "number": theirs}
        number = self._numbered.get(id(thing))
        if number is None:
            number = next(self._numbers)
            self._mine[number], self._numbered[id(thing)] = thing, number
        return {KIND: "mine", "number": number, **self._side.describe(thing)}

    def _object(self, data: Message) -> Any:
        if data.get(KIND) == "error":
            return self._side.error(data)
        number = data.get("number")
        if type(number) is not int:
            raise CannotCross("no object has such a number")
        if data.get(KIND) == "yours" and number in self._mine:
            return self._mine[number]
        if data.get(KIND) != "mine":
            raise CannotCross("there is no such object")
        if number not in self._theirs:
            made = self._theirs[number] = self._side.stand_in(data)
            self._stands_for[id(made)] = number
        return self._theirs[number]

    # What the other side says.

    def _hear(self) -> None:
        # What there was to hear may have been read since, by code of ours that waited for an answer in this same turn
        # of the loop. To wait for more would stop the loop, and whatever else goes on in it.
        with suppress(LineBroke):
            if self._channel.has_news():
                self._take(self._read())

    def _take(self, message: Message) -> None:
        if "answer" in message:
            awaited = self._awaited.pop(message["answer"], None)
            if awaited is None:
                self._answers[message["answer"]] = message
            elif not awaited.done():
                awaited.set_result(message)
        elif "cancel" in message:
            if task := self._tasks.get(message["cancel"]):
                task.cancel()
        elif message.get("do") == "await":
            self._begin(message)
        else:
            self._say({"answer": message["ask"], **self._outcome(message)})

    def _outcome(self, message: Message) -> Message:
        try:
            thing = self._mine[message["of"]] if message["of"] else None
            details = {name: self.received(data) for name, data in message.items() if name not in ("ask", "do", "of")}
            return {"value": self._done(self._side.do(message["do"], thing, details), message.get("args"))}
        except LineBroke:
            raise
        except BaseException as error:
            return {"raised": self._side.raised(error)}

    def _done(self, value: Any, given: Any = None) -> Any:
        """A value as `sent`. Of a call, its result, and those arguments that are no longer as they were `given`."""
        if not isinstance(value, Called):
            return self.sent(value)
        now = [[place, self.sent(arg)] for place, arg in value.now.items()]
        return [self.sent(value.result), [[place, arg] for place, arg in now if not _is_given(given, place, arg)]]

    def _begin(self, message: Message) -> None:
        number = message["ask"]
        task = self._loop.create_task(self._side.run(self._mine.get(message["of"])))
        self._tasks[number] = task
        task.add_done_callback(lambda task: self._ended(number, task))

    def _ended(self, number: int, task: "asyncio.Task[Any]") -> None:
        del self._tasks[number]
        if self.broke:
            task.cancelled() or task.exception()  # nobody asks any more
            return
        try:
            outcome = {"value": self._done(task.result())}
        except BaseException as error:
            outcome = {"raised": self._side.raised(error)}
        with suppress(LineBroke):
            self._say({"answer": number, **outcome})

    def _result(self, answer: Message) -> Any:
        if "raised" in answer:
            raise self._side.error(answer["raised"])
        return self.received(answer.get("value"))

    # Messages.

    def _say(self, message: Message) -> None:
        try:
            self._channel.send(message)
        except Lost as error:
            raise self._lost(str(error)) from error

    def _read(self) -> Message:
        try:
            message = self._channel.read()
        except Lost as error:
            raise self._lost(str(error)) from error
        said = [key for key in ("ask", "answer", "cancel") if key in message]
        if len(said) != 1 or any(type(message.get(key, 0)) is not int for key in (*said, "of")):
            raise self._lost("the other process says what nobody understands")
        return message

    def _lost(self, why: str) -> LineBroke:
        """Hang up, if that is not done yet: what is awaited over this line ends. Return the error to raise."""
        if self.broke is None:
            self.broke = LineBroke(why)
            self._loop.remove_reader(self._channel)
            self._channel.close()
            self.stop_tasks()
            for awaited in self._awaited.values():
                if not awaited.done():
                    awaited.set_exception(self.broke)
        return self.broke


def _is_given(given: Any, place: Any, now: Any) -> bool:
    """Whether an argument, as it goes over the line, is what came over it; of a named one nobody says so."""
    if type(given) is not list or type(place) is not int:
        return False
    return json.dumps(given[place]) == json.dumps(now)  # by kind, too: True equals 1
