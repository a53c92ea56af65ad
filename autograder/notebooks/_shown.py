"""The outputs of a notebook's cells, as nbformat has them, from what a learner's process says that it shows.

Whatever it says is taken with care: it may be forged. An error or a result counts for a cell that the learner's process
runs, not for a test that runs here; that is for the caller to say.
"""

from typing import Any

from autograder.inside.interpreter.crossing.channel import Message

Output = dict[str, Any]
FEW = 1000  # outputs of one cell, however small
CELLS = 4  # that may show all that a cell may show
SHORT = 10_000  # characters of an error, or of a result, on which a score may hang: there is always room for these
DECIDES = ("error", "execute_result")
DEEPEST = 50  # lists in lists, in rich outputs


class Shown:
    """Collects what cells show, up to `most` characters in each, and some times as many in all."""

    def __init__(self, most: int) -> None:
        self._most, self._left = most, CELLS * most
        self._outputs: list[Output] = []
        self._displayed: dict[str, list[Output]] = {}
        self._length, self._clears_next = 0, False

    def begin(self) -> list[Output]:
        """Begin a cell; return its outputs, which grow."""
        self._outputs, self._length, self._clears_next = [], 0, False
        return self._outputs

    def go_on(self, outputs: list[Output]) -> None:
        """Go on with a cell that was begun."""
        self._outputs = outputs

    def take(self, message: Message, *, is_test: bool) -> None:
        """Add what a message shows. One that shows nothing that we know is ignored."""
        if "clear" in message:
            self._clears_next = bool(message["clear"])
            if not self._clears_next:
                self._clear()
        elif "stream" in message:
            self.print(str(message.get("text")), "stderr" if message["stream"] == "stderr" else "stdout")
        elif "update" in message:
            for output in self._displayed.get(str(message.get("id")), []):
                output.update(data=_data(message["update"]), metadata=_bundle(message.get("metadata")))
        elif "show" in message:
            output = _rich("display_data", message["show"], message)
            if self._add(output, len(str(output))) and message.get("id"):
                self._displayed.setdefault(str(message["id"]), []).append(output)
        elif "result" in message and not is_test:
            result = _rich("execute_result", message["result"], message)
            length = len(str(result))
            self._add(result | {"execution_count": number(message.get("count"))}, length if length > SHORT else 0)
        elif "error" in message and not is_test:
            lines = message.get("traceback")
            shown = [str(line)[:SHORT] for line in lines[:FEW]] if isinstance(lines, list) else []
            if sum(map(len, shown)) > 10 * SHORT:
                shown = shown[:1]
            self._add(error(str(message["error"])[:SHORT], str(message.get("message"))[:SHORT], shown))

    def print(self, text: str, name: str = "stdout") -> None:
        """Add to what is printed; it goes on where the last output was printed too."""
        last = self._outputs[-1] if self._outputs and not self._clears_next else {}
        text = self.measured(text)
        if last.get("name") == name and last["output_type"] == "stream":
            last["text"] += text
        elif text:
            self._add({"output_type": "stream", "name": name, "text": text})

    def measured(self, text: str) -> str:
        """As much of it as the cell may still show; it counts as shown."""
        text = text[: max(0, min(self._most - self._length, self._left))]
        self._length += len(text)
        self._left -= len(text)
        return text

    def _add(self, output: Output, length: int = 0) -> bool:
        if self._clears_next:
            self._clear()
        self._clears_next = False
        self._length += length
        if length and (self._length > self._most or length > self._left):
            return False
        if len(self._outputs) >= (FEW if length else 2 * FEW):
            if output["output_type"] not in DECIDES:
                return False
            self._outputs.pop()
        self._left -= length
        self._outputs.append(output)
        return True

    def _clear(self) -> None:
        """Take back what was shown, but for that on which a score hangs."""
        self._outputs[:] = [output for output in self._outputs if output["output_type"] in DECIDES]


def error(name: str, message: str, shown: list[str] | None = None) -> Output:
    traceback = [f"{name}: {message}"] if shown is None else shown
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": traceback}


def result(text: str) -> Output:
    return {"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": {"text/plain": text}}


def _rich(kind: str, data: Any, message: Message) -> Output:
    return {"output_type": kind, "data": _data(data), "metadata": _bundle(message.get("metadata"))}


def _data(data: Any) -> dict[str, Any]:
    """Each kind as text, but for what is JSON anyway: nobody reads a notebook with anything else in it."""
    return {k: part if isinstance(part, str) or k.endswith("json") else str(part) for k, part in _bundle(data).items()}


def number(count: Any) -> int | None:
    """A cell's number, if it can be one."""
    return count if type(count) is int and count >= 0 else None


def _bundle(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) and _is_shallow(data) else {}


def _is_shallow(data: Any, depth: int = DEEPEST) -> bool:
    """Whether it is not nested more than anybody nests, so that whoever keeps it can."""
    parts = data.values() if isinstance(data, dict) else data
    return depth > 0 and all(_is_shallow(part, depth - 1) for part in parts if isinstance(part, dict | list))
