"""The judge's end: test cells run here, and reach the learner's code over a line.

A name that a test neither defines nor imports is looked up in the learner's process; so is none that Python itself has.
"""

import ast
import builtins
import contextlib
import inspect
import io
import tokenize
import traceback
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from types import CodeType
from typing import Any

from autograder.inside.interpreter.crossing.channel import Message
from autograder.inside.interpreter.crossing.line import Refused
from autograder.inside.interpreter.crossing.objects import Remote
from autograder.inside.interpreter.crossing.sides import Side
from autograder.notebooks import _shown
from autograder.notebooks.imports import Helpers

OWN = ("numpy", "pandas")  # libraries whose values cross: of these a test has its own, whatever it has them from
MODULE = "__test__"  # of what a test defines
FILE = "<test>"
AROUND = 2  # lines of the test, shown before and after the one that failed
LONG = 10_000  # characters of an error's text
TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Judge(Side):
    """The judge's end. The learner's side may call and await what a test hands over, pull from its iterators, and use
    the public names of objects of the test's own classes: nothing from which it could reach further."""

    is_strict = True

    def hold(self, what: str, thing: Any, details: Message) -> None:
        if what in ("call", "call later") or (what == "await" and inspect.isawaitable(thing)):
            return
        if (what == "next" and isinstance(thing, Iterator)) or (
            what in ("iterate later", "next later") and isinstance(thing, AsyncIterator)
        ):
            return
        kind = thing if isinstance(thing, type) else type(thing)
        if kind.__module__ == MODULE and not str(details.get("name", "")).startswith("_"):
            return
        raise Refused("a test's values are not yours to take apart")

    def stand_in(self, told: Message) -> Any:
        if told.get("kind") == "module" and told.get("name") in OWN:
            return import_module(told["name"])
        return super().stand_in(told)


class Names(dict[str, Any]):
    """What a test's names mean. What it does not know it asks the learner's side for, anew in each cell.

    `own` is what nobody is asked for, wherever it comes from (see `imports`).

    A name that a test took from there, and gives to something else or deletes, changes there too: to nbgrader both run
    in one namespace, and a test may take `squares` away to see who used it. Any other name of a test's stays here.
    """

    def __init__(self, own: Helpers) -> None:
        super().__init__(__name__=MODULE)
        self.judge: Judge | None = None
        self._own = own
        self._asked: set[str] = set()

    def __missing__(self, name: str) -> Any:
        if self.judge is None or name.startswith("__") or hasattr(builtins, name):
            raise KeyError(name)
        if (own := self._made(name, *self._own.get(name, ("", "")))) is not None:
            super().__setitem__(name, own)
            return own
        found = self.judge.line.ask("name", 0, name=name)
        if not found:
            raise KeyError(name)
        self._asked.add(name)
        super().__setitem__(name, found[0])
        return found[0]

    def __setitem__(self, name: str, value: Any) -> None:
        if self.judge and (name in self._asked or name in self._own):
            self.judge.line.ask("set name", 0, name=name, value=value)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        if self.judge and (name in self._asked or name in self._own or name not in self):
            self.judge.line.ask("delete name", 0, name=name)
            self._asked.add(name)
        self.pop(name, None)

    def _made(self, name: str, module: str, what: str) -> Any:
        """What nobody has to be asked for (see `imports`); None if there is no such thing here."""
        if not module:
            found: dict[str, Any] = {}
            exec(compile(what, "<given>", "exec"), self, found)
            return found.get(name)
        try:
            value = import_module(module)
        except ImportError:
            return None
        found_there = getattr(value, what, None) if what else value
        return None if what and inspect.ismodule(found_there) else found_there

    def forget(self) -> None:
        """Ask again for what was asked for."""
        for name in self._asked:
            self.pop(name, None)
        self._asked.clear()

    def hold_any_of(self, judge: Judge) -> bool:
        """Whether a test has kept something of the learner's side."""
        return any(judge.line.has_for(value) for value in self.values())


class Cells:
    """Runs test cells one after another; what one defines, the next ones see. For `own` see `Names`."""

    def __init__(self, own: Helpers | None = None) -> None:
        self._own = own or {}
        self.names = Names(self._own)

    async def run(self, source: str) -> list[dict[str, Any]]:
        """Run one test cell; return its outputs."""
        said, result = io.StringIO(), None
        try:
            with contextlib.redirect_stdout(said):
                result = await self._execute(source)
            ended = _result(result)
        except BaseException as error:
            ended = [_error(error, source)]
        self.names.forget()
        return [*_stream(said.getvalue()), *ended]

    def meet(self, judge: Judge) -> bool:
        """Have names that tests do not know looked up over there. Return whether tests kept something of another side,
        which is gone: then all is forgotten that they defined."""
        met, self.names.judge = self.names.judge, judge
        if met is None or not self.names.hold_any_of(met):
            return False
        self.names = Names(self._own)
        self.names.judge = judge
        return True

    async def _execute(self, source: str) -> Any:
        *body, last = _parsed(source)
        value = None
        for block in (ast.Module(body, []), last):
            code = compile(block, FILE, "eval" if isinstance(block, ast.Expression) else "exec", TOP_LEVEL_AWAIT)
            value = await self._evaluated(code)
        return value

    async def _evaluated(self, code: CodeType) -> Any:
        value = eval(code, self.names)
        return await value if code.co_flags & inspect.CO_COROUTINE else value


def _parsed(source: str) -> list[Any]:
    """The statements of a cell; in place of the last one, if that is an expression that is shown, the expression."""
    tree = ast.parse(source, FILE)
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_quiet(source):
        return [*tree.body[:-1], ast.Expression(tree.body[-1].value)]
    return [*tree.body, ast.Module([], [])]


def _is_quiet(source: str) -> bool:
    """Whether a cell ends with a semicolon, which to IPython means that its result is not shown."""
    words = [word.string for word in tokenize.generate_tokens(io.StringIO(source).readline) if word.string.strip()]
    return [word for word in words if not word.startswith("#")][-1:] == [";"]


def _stream(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text}] if text else []


def _result(value: Any) -> list[dict[str, Any]]:
    """What a cell's last line gives: of plain data, since points may stand there; nothing else has a say."""
    if value is None or isinstance(value, Remote):
        return []
    return [_shown.result(repr(value))]


def _error(error: BaseException, source: str) -> dict[str, Any]:
    name, message = type(error).__name__[:LONG], _text(error)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    at = int((lines[-1] if lines else getattr(error, "lineno", None)) or 0)
    shown = [f"{name:<42}Traceback (most recent call last)", *_around(source, at), f"{name}: {message}"]
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": shown}


def _text(error: BaseException) -> str:
    """What an error says; it may have come from the other side, and have to ask there."""
    try:
        return str(error)[:LONG]
    except Exception as trouble:
        return f"<its text raises {type(trouble).__name__}>"


def _around(source: str, at: int) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if abs(number - at) <= AROUND:
            yield f"----> {number} {line}" if number == at else f"{number:>7} {line}"
