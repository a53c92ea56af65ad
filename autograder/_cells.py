"""The judge's end: test cells run here, and reach the learner's code over a line.

Run as `python -m autograder._cells PARENT`. Reads lines of JSON, each a test cell: `{"source", "socket"}`. Answers
`{"ready": true}` when a learner's process may connect, then `{"outputs", "broke"}`: the cell's outputs as nbformat has
them, and whether the line to the learner's process broke, so that no other cell can be judged over it. A name that a
test neither defines nor imports is looked up in the learner's process; so is none that Python itself has.
"""

import ast
import asyncio
import builtins
import contextlib
import inspect
import io
import json
import os
import resource
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

from autograder.inert.crossing.line import LineBroke, Message, Refused
from autograder.inert.crossing.objects import Remote
from autograder.inert.crossing.sides import Side
from breakwater.engines.forkserver import die_with_parent

CONNECTS_S = 30.0
MEMORY = 4 << 30  # bytes, whatever a learner's process sends
MODULE = "__test__"  # of what a test defines
FILE = "<test>"
AROUND = 2  # lines of the test, shown before and after the one that failed
TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Judge(Side):
    """The judge's end. The learner's side may call and await what a test hands over, pull from its iterators, and use
    the public names of objects of the test's own classes: nothing from which it could reach further."""

    is_strict = True

    def hold(self, what: str, thing: Any, details: Message) -> None:
        if what == "call" or (what == "await" and inspect.isawaitable(thing)):
            return
        if what == "next" and isinstance(thing, Iterator):
            return
        kind = thing if isinstance(thing, type) else type(thing)
        if kind.__module__ == MODULE and not str(details.get("name", "")).startswith("_"):
            return
        raise Refused("a test's values are not yours to take apart")


class Names(dict[str, Any]):
    """What a test's names mean. What it does not know it asks the learner's side for, anew in each cell."""

    def __init__(self) -> None:
        super().__init__(__name__=MODULE)
        self.judge: Judge | None = None
        self._asked: dict[str, Any] = {}

    def __missing__(self, name: str) -> Any:
        if self.judge is None or name.startswith("__") or hasattr(builtins, name):
            raise KeyError(name)
        found = self.judge.line.ask("name", 0, name=name)
        if not found:
            raise KeyError(name)
        self[name] = self._asked[name] = found[0]
        return found[0]

    def forget(self) -> None:
        """Ask again for what was asked for, unless the test has given the name to something else."""
        for name, value in self._asked.items():
            if self.get(name) is value:
                del self[name]
        self._asked.clear()


class Cells:
    """Runs test cells one after another; what one defines, the next ones see."""

    def __init__(self) -> None:
        self._names = Names()

    async def run(self, source: str) -> list[dict[str, Any]]:
        """Run one test cell; return its outputs."""
        said, result = io.StringIO(), None
        try:
            with contextlib.redirect_stdout(said):
                result = await self._execute(source)
            ended = _result(result)
        except BaseException as error:
            ended = [_error(error, source)]
        self._names.forget()
        return [*_stream(said.getvalue()), *ended]

    def meet(self, judge: Judge) -> None:
        self._names.judge = judge

    async def _execute(self, source: str) -> Any:
        *body, last = _parsed(source)
        value = None
        for block in (ast.Module(body, []), last):
            code = compile(block, FILE, "eval" if isinstance(block, ast.Expression) else "exec", TOP_LEVEL_AWAIT)
            value = await self._evaluated(code)
        return value

    async def _evaluated(self, code: CodeType) -> Any:
        value = eval(code, self._names)
        return await value if code.co_flags & inspect.CO_COROUTINE else value


def _parsed(source: str) -> list[Any]:
    """The statements of a cell; in place of the last one, if that is an expression, the expression."""
    tree = ast.parse(source, FILE)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        return [*tree.body[:-1], ast.Expression(tree.body[-1].value)]
    return [*tree.body, ast.Module([], [])]


def _stream(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text}] if text else []


def _result(value: Any) -> list[dict[str, Any]]:
    """What a cell's last line gives: of plain data, since points may stand there; nothing else has a say."""
    if value is None or isinstance(value, Remote):
        return []
    return [
        {"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": {"text/plain": repr(value)}}
    ]


def _error(error: BaseException, source: str) -> dict[str, Any]:
    name, message = type(error).__name__, str(error)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    at = int((lines[-1] if lines else getattr(error, "lineno", None)) or 0)
    shown = [f"{name:<42}Traceback (most recent call last)", *_around(source, at), f"{name}: {message}"]
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": shown}


def _around(source: str, at: int) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        if abs(number - at) <= AROUND:
            yield f"----> {number} {line}" if number == at else f"{number:>7} {line}"


async def _met(listening: socket.socket) -> Judge:
    connection, _ = listening.accept()
    connection.setblocking(True)
    return Judge(connection)


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a test prints past `sys.stdout` is no answer
    cells, judge = Cells(), None
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            told = json.loads(line)
            if judge is None:
                with _listening(told["socket"]) as listening:
                    answers.write(json.dumps({"ready": True}) + "\n")
                    judge = runner.run(_met(listening))
                cells.meet(judge)
            else:
                answers.write(json.dumps({"ready": True}) + "\n")
            outputs = runner.run(_judged(cells, judge, told["source"]))
            answers.write(json.dumps({"outputs": outputs, "broke": judge.line.broke is not None}) + "\n")


async def _judged(cells: Cells, judge: Judge, source: str) -> list[dict[str, Any]]:
    judge.line.listen()
    try:
        return await cells.run(source)
    finally:
        with contextlib.suppress(LineBroke):
            judge.line.rest()


@contextlib.contextmanager
def _listening(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        os.chmod(path, 0o666)  # the learner's process may be another user; nobody else can enter the folder
        listening.listen(1)
        listening.settimeout(CONNECTS_S)
        yield listening
        Path(path).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
