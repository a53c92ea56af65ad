"""The two ends of a line, in what they have in common; and the learner's, which does what it is asked."""

from collections.abc import MutableMapping
from typing import Any

from .channel import Channel, Message
from .doing import DOING, builtin_error, describe, named_error
from .line import Line, Refused
from .objects import stand_in


class Stopped(Exception):
    """The learner's code was interrupted: it took too long."""


class Side:
    """One end: makes what stands for the other side's objects, and does with ours what the other side asks."""

    is_strict = False

    def __init__(self, channel: Channel) -> None:
        self.line = Line(channel, self)

    def hold(self, what: str, thing: Any, details: Message) -> None:
        """Raise Refused for what the other side may not do. It may do all."""

    def do(self, what: str, thing: Any, details: Message) -> Any:
        if what not in DOING:
            raise Refused(f"nobody knows how to {what}")
        self.hold(what, thing, details)
        return DOING[what](thing, **details)

    async def run(self, thing: Any) -> Any:
        self.hold("await", thing, {})
        try:
            return await thing
        except KeyboardInterrupt as error:  # out of a task it would end the loop
            raise Stopped("it was interrupted, since it took too long") from error

    def describe(self, thing: Any) -> Message:
        return describe(thing)

    def stand_in(self, told: Message) -> Any:
        return stand_in(self.line, told)

    def raised(self, error: BaseException) -> Message:
        base = builtin_error(type(error)) or Exception
        own = {} if type(error) is base else {"kind": self.line.sent(type(error))}
        return {"base": base.__name__, "args": self.line.sent(list(error.args)), **own}

    def error(self, told: Message) -> BaseException:
        kind = self.line.received(told["kind"]) if "kind" in told else named_error(str(told.get("base")))
        args = self.line.received(told.get("args", []))
        try:
            return kind(*args)
        except Exception:  # it is made in another way, or of another class
            return named_error(str(told.get("base")))(*args)


class Learner(Side):
    """The learner's end: `names` is where what a test names is looked up."""

    def __init__(self, channel: Channel, names: MutableMapping[str, Any]) -> None:
        super().__init__(channel)
        self._names = names

    def do(self, what: str, thing: Any, details: Message) -> Any:
        if not what.endswith("name"):
            return super().do(what, thing, details)
        name = details["name"]
        if what == "set name":
            self._names[name] = details["value"]
        elif what == "delete name":
            del self._names[name]
        return [self._names[name]] if name in self._names else []
