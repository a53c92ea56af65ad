"""Ends that come too early, and those that do not come: of the process, of who made it, of a cell."""

from tests.hostile.attacks.attack import Attack

WRONG = "\ndef mean(numbers): return 0"
TIMER = """
import threading
threading.Timer(0.02, os._exit, [0]).start()
"""
SEGFAULT = "import ctypes\ndef mean(numbers): ctypes.string_at(0)"
REPLACES = "def mean(numbers): os.execv('/bin/true', ['true'])"
OVERFLOWS = """
sys.setrecursionlimit(1 << 30)
import threading
threading.stack_size(1 << 20)
def deep(): return eval("(" * 80 + "deep()" + ")" * 80)
class Deep:
    def __repr__(self): return repr(self.below)
def mean(numbers):
    first = last = Deep()
    for _ in range(1_000_000):
        last.below = Deep()
        last = last.below
    last.below = first
    repr(first)
"""
HIDES = """
import signal
for number in set(range(1, 65)) - {9, 19, 32, 33}:
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
"""
CATCHES = """
import time
def loops():
    while True:
        try: time.sleep(1000)
        except BaseException: pass
loops()
"""
MASKED = """
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True: time.sleep(1000)
"""
HOLDS = """
import ctypes, threading, time
threading.Thread(target=ctypes.PyDLL(None).sleep, args=[1000], daemon=True).start()
time.sleep(1000)
"""
FORKED = """
import signal, time
if os.fork():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.wait()
while True: time.sleep(1000)
"""
LATER = """
import asyncio, time
def again():
    try: time.sleep(1000)
    except BaseException: pass
    asyncio.get_running_loop().call_soon(again)
asyncio.get_running_loop().call_soon(again)
await asyncio.sleep(0.1)
"""
EXPLAINS = """
import time
class Slow(Exception):
    def __str__(self):
        while True:
            try: time.sleep(1000)
            except BaseException: pass
    __repr__ = __str__
raise Slow()
"""
HANDLES = """
import signal, time
def handle(*args):
    while True:
        try: time.sleep(1000)
        except BaseException: pass
signal.signal(signal.SIGINT, handle)
time.sleep(1000)
"""
ENDLESS = "def squares(most):\n    return range(10 ** 13)"
GROUP = "import signal\nos.kill(0, signal.SIGKILL)"
STOPS = """
import signal
for number in {*range(2, 400), os.getppid()} - {os.getpid()}:
    try:
        if number and b"python" in open(f"/proc/{number}/cmdline", "rb").read(): os.kill(number, signal.SIGSTOP)
    except OSError: pass
"""
LOOP = "signal-ignoring loops"

ATTACKS = (
    Attack("exits", "os._exit", "an end without a trace, which no test outlives", "def mean(numbers): os._exit(0)"),
    Attack("exits-at-once", "os._exit", "the same in a cell, so that no test is run", "os._exit(0)"),
    Attack(
        "exits-behind-its-back",
        "os._exit",
        "an end by a thread, in the midst of another question",
        TIMER + WRONG,
        fair=False,
    ),
    Attack("reads-nowhere", "kernel death", "a crash in C, which takes all scores along", SEGFAULT),
    Attack("becomes-another", "kernel death", "another program in this process's place", REPLACES),
    Attack("overflows", "kernel death", "a stack without a bottom", OVERFLOWS),
    Attack(
        "kills-itself", "kernel death", "a signal that nobody catches", "def mean(numbers): os.kill(os.getpid(), 9)"
    ),
    Attack(
        "kills-everybody",
        "killing the zygote",
        "every process that may be killed, the grader with them",
        "os.kill(-1, 9)" + WRONG,
    ),
    Attack(
        "kills-its-parent",
        "killing the zygote",
        "the process that made this one, and makes all others",
        "os.kill(os.getppid(), 9)" + WRONG,
    ),
    Attack(
        "kills-its-group",
        "killing the zygote",
        "the group that it shares with who made it",
        GROUP + WRONG,
    ),
    Attack("stops-everybody", "killing the zygote", "a grader that stands still and waits for ever", STOPS + WRONG),
    Attack(
        "ignores-signals", LOOP, "a wait that no interrupt reaches", HIDES + "import time\ntime.sleep(1000)" + WRONG
    ),
    Attack("catches-interrupts", LOOP, "a loop that catches whatever would end it", CATCHES + WRONG),
    Attack("masks-signals", LOOP, "signals that wait for ever", MASKED + WRONG),
    Attack(
        "holds-the-lock",
        LOOP,
        "a thread that keeps the interpreter's lock, without which no handler runs",
        HOLDS + WRONG,
    ),
    Attack(
        "counts-in-c", LOOP, "a loop in C, between whose steps nobody looks for signals", "sum(range(10 ** 13))" + WRONG
    ),
    Attack("hands-it-to-a-child", LOOP, "a child that goes on, and a parent that waits for it", FORKED + WRONG),
    Attack("comes-back-later", LOOP, "a callback between cells, which no cell's time counts", LATER + WRONG),
    Attack("explains-for-ever", LOOP, "an error whose text has no end", EXPLAINS + WRONG),
    Attack("loops-in-the-handler", LOOP, "a handler of the interrupt that does not return", HANDLES + WRONG),
    Attack("endless-range", LOOP, "a short value that keeps the judge itself busy, in C", ENDLESS, "squares"),
)
