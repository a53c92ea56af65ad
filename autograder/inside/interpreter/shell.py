"""IPython, as it is in a notebook, without a kernel: what it shows are messages on a channel.

| message | means |
| --- | --- |
| `{"stream": "stdout" or "stderr", "text"}` | printed |
| `{"show": data, "metadata", "id"}`, `{"update": …}` | displayed, or displayed anew |
| `{"clear": wait}` | the cell's outputs are to go, at once or with the next one |
| `{"result": data, "metadata", "count"}` | what a cell's last line gives |
| `{"error": name, "message", "traceback"}` | raised |
"""

import base64
import builtins
import getpass
import io
import os
import sys
from time import monotonic
from typing import Any

from IPython.core import page
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from .crossing.channel import Channel, Message

KEPT_S, KEPT = 0.05, 8192  # printed lines wait that long after those before, unless there are so many characters


class Teller:
    """Says what is shown, as long as there is somebody to hear it, up to `most` characters in each cell."""

    def __init__(self) -> None:
        self._channel: Channel | None = None
        self._process = os.getpid()
        self._most = self._said = 0

    def attach(self, channel: Channel, most: int) -> None:
        self._channel, self._most, self._process = channel, most, os.getpid()

    def begin(self) -> None:
        """Count anew."""
        self._said = 0

    def room(self) -> int:
        """How many characters more the cell may show."""
        return max(0, self._most - self._said)

    def say(self, message: Message, length: int = 0) -> None:
        """Say it, if there is room for so many characters; an error or a result, on which a score hangs, needs none."""
        if self._channel is None or self.is_forked() or length > self.room():
            return
        self._said += length
        self._channel.send(message)

    def is_forked(self) -> bool:
        """Whether this is not the process that was made for a notebook, but one that a notebook made."""
        return os.getpid() != self._process


teller = Teller()


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr`. `descriptor` is what programs that a cell starts write to."""

    def __init__(self, name: str, descriptor: int) -> None:
        self._name, self._descriptor = name, descriptor
        self._kept: list[str] = []
        self._length, self._flushed = 0, 0.0

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "UTF-8"

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        kept = text[: teller.room()]
        self._kept.append(kept)
        self._length += len(kept)
        if self._length > KEPT or ("\n" in text and monotonic() - self._flushed > KEPT_S):
            self.flush()
        return len(text)

    def flush(self) -> None:
        text, self._kept, self._length = "".join(self._kept), [], 0
        if not text:
            return
        self._flushed = monotonic()
        if teller.is_forked():
            os.write(self._descriptor, text.encode(errors="replace"))
        else:
            text = text[: teller.room()]
            teller.say({"stream": self._name, "text": text}, len(text))


def flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


class Publisher(DisplayPublisher):
    def publish(  # type: ignore[override]
        self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        self._validate_data(data, metadata)
        flush()
        shown = {"metadata": _plain(metadata or {}), "id": (transient or {}).get("display_id")}
        message = {"update" if update else "show": _plain(data), **shown}
        teller.say(message, len(str(message)))

    def clear_output(self, wait: bool = False) -> None:
        flush()
        teller.say({"clear": bool(wait)}, 1)


class Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        flush()
        told = {"metadata": _plain(md_dict or {}), "count": self.prompt_count}
        teller.say({"result": _plain(format_dict), **told})

    def finish_displayhook(self) -> None:
        self._is_active = False


class Shell(InteractiveShell):
    display_pub_class = Type(Publisher)
    displayhook_class = Type(Hook)

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window to draw in."""

    def ask_exit(self) -> None:
        """`exit()` in a notebook is no end of it."""

    def init_hooks(self) -> None:
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(lambda *_, **__: None), 99)

    def showtraceback(self, *args: Any, **options: Any) -> None:
        if teller.is_forked():  # nobody would see it, and a hundred processes may be at it
            os._exit(1)
        super().showtraceback(*args, **options)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        flush()
        self._told = True
        told = {"message": _text(evalue), "traceback": [str(line) for line in stb]}
        teller.say({"error": str(etype.__name__), **told})

    async def execute(self, source: str) -> None:
        """Run a cell as a notebook does, to the figures that are shown at its end."""
        failed = None
        try:
            transformed = self.transform_cell(source)
        except Exception:
            transformed, failed = source, sys.exc_info()
        result, self._told = None, False
        try:
            result = await self.run_cell_async(
                source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failed
            )
        finally:
            self.events.trigger("post_execute")
            self.events.trigger("post_run_cell", result)
        error = result.error_before_exec or result.error_in_exec
        if error and not self._told:  # there was no memory for a traceback, say
            self._showtraceback(type(error), error, [])


def make() -> Shell:
    """The shell, before a fork: nothing in it has a thread, a file or an event loop."""
    config = Config()
    config.HistoryManager.enabled = False
    shell: Shell = Shell.instance(config=config)
    builtins.input = getpass.getpass = _nobody_answers
    return shell


def rehearse(shell: Shell) -> None:
    """Before a fork: show a result, an error and a figure to nobody, so that all they take is loaded; forget them."""
    shell.run_cell("1")
    shell.run_cell("raise ValueError")
    if "matplotlib.pyplot" in sys.modules:
        shell.run_cell("from matplotlib import pyplot\npyplot.plot([1, 2]);")
    shell.reset(new_session=True)


def attach() -> None:
    """After a fork: have what is printed said."""
    sys.stdout, sys.stderr = Stream("stdout", 1), Stream("stderr", 2)


def _nobody_answers(*_: object, **__: object) -> str:
    raise StdinNotImplementedError("input() was called, but nobody is here to answer while a notebook is graded.")


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        return f"<its text raises {type(error).__name__}>"


def _plain(value: Any) -> Any:
    """What is shown, as JSON takes it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
