"""What a notebook tries from its jail, all at once: against who grades, against other notebooks, across the pipe."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.notebooks.execution import Interpreter, Limits
from breakwater import paths
from tests.autograder.notebooks import graded, notebook, told

pytestmark = [pytest.mark.hostile, pytest.mark.sandbox]
SHORT = Limits(cell_s=3.0, notebook_s=60)
AFTER = graded("after", "assert 1 + 1 == 2")

TRIES = """
def tried(name, attack):
    try:
        found = attack()
    except BaseException as error:
        found = None
    if found:
        print("GOT", name, str(found)[:200])
"""


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Interpreter]:
    with Interpreter() as interpreter:
        yield interpreter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "eve" / "ps1"
    folder.mkdir(parents=True)
    other = tmp_path / "bob" / "ps1"
    other.mkdir(parents=True)
    (other / "answer").write_text("SECRET")
    return folder


REACHES = """
import ctypes, glob, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
OWN = ("socket:", "anon_inode:", "pipe:", "/proc/", "/dev/null", "/dev/urandom")
FILES = "/etc/shadow /etc/passwd /root/*/* /home/*/* /var/*/* /submission/bob/*/* ANSWER COURSE/solutions/*"
PLACES = "/x /usr/x /opt/course/x /dev/x /proc/sys/kernel/hostname /run/x"
AT_X86_64 = os.uname().machine == "x86_64"

def others():
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid()]

def read(places):
    return [path for place in places.split() for path in glob.glob(place) if os.access(path, os.R_OK)]

def descriptors():
    held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
    return [at for at in held if not at.startswith(OWN)]

def written(places):
    return [place for place in places.split() if wrote(place)]

def wrote(place):
    try:
        return open(place, "w").write("x")
    except OSError:
        return 0

def killed():
    for pid in (*range(2, 5000), -1):
        try:
            os.kill(pid, 9)
            return pid
        except OSError:
            pass

def status(word):
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith(word))

def call(number, *args):
    return AT_X86_64 and libc.syscall(number, *args) >= 0

tried("others", others)
tried("descriptors", descriptors)
tried("files", lambda: read(FILES))
tried("course", lambda: os.listdir("COURSE/autograder"))
tried("above", lambda: os.listdir("../../bob"))
tried("writes", lambda: written(PLACES) or wrote(sys.prefix + "/x"))
tried("kills", killed)
tried("its group", lambda: os.getpgid(0) != os.getpid())
tried("root", lambda: os.setuid(0) is None)
tried("a neighbour", lambda: os.setuid(os.getuid() + 1) is None)
tried("capabilities", lambda: [kind for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb") if int(status(kind), 16)])
tried("privileges", lambda: status("NoNewPrivs") != "1" or status("Seccomp") != "2")
tried("network", lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
tried("world", lambda: socket.create_connection(("1.1.1.1", 53), timeout=1))
tried("mount", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0)
tried("namespace", lambda: libc.unshare(0x10000000) == 0)
tried("namespace by clone", lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0))
tried("namespace by clone3", lambda: call(435, ctypes.create_string_buffer(88), 88))
tried("trace", lambda: libc.ptrace(0, 0, 0, 0) == 0)
tried("keys", lambda: call(250, 0, -3, 0, 0, 0))
tried("rings", lambda: call(425, 8, ctypes.create_string_buffer(240)))
tried("devices", lambda: [name for name in os.listdir("/dev") if name.startswith(("vd", "sd", "mem", "kmsg"))])
print("DONE")
"""


def test_a_notebook_reaches_nobody(interpreter: Interpreter, folder: Path) -> None:
    attacks = REACHES.replace("ANSWER", str(folder.parents[1] / "bob" / "ps1" / "answer"))
    ran = interpreter.run(notebook(TRIES + attacks.replace("COURSE", str(paths.ROOT)), AFTER), folder, SHORT)
    assert [told(cell) for cell in ran.cells] == ["DONE\n", ""]


ADDRESSES = """
import ctypes, os, socket, time
libc = ctypes.CDLL(None, use_errno=True)
ADDRESSES = [
    (socket.AF_UNIX, "\\0meet"), (socket.AF_UNIX, "/tmp/meet"), (socket.AF_UNIX, "/dev/shm/meet"),
    (socket.AF_INET, ("127.0.0.1", 4567)),
]
end, met = time.monotonic() + 1.0, []
"""
LISTENS = """
listening = []
for family, address in ADDRESSES:
    server = socket.socket(family)
    server.bind(address)
    server.listen()
    server.setblocking(False)
    listening.append(server)
queue, segment = libc.msgget(4567, 0o1666), libc.shmget(4567, 4096, 0o1666)
while time.monotonic() < end:
    met += [name for name in ("/tmp/bob", "/dev/shm/bob", "/submission/bob") if os.path.exists(name)]
    for server in listening:
        try: met.append(server.accept())
        except BlockingIOError: pass
    time.sleep(0.05)
met
"""
CALLS = """
for folder in ("/tmp", "/dev/shm"): open(folder + "/bob", "w").write("x")
while time.monotonic() < end:
    for family, address in ADDRESSES:
        with socket.socket(family) as peer:
            if peer.connect_ex(address) == 0: met.append(address)
    if libc.msgget(4567, 0) >= 0 or libc.shmget(4567, 4096, 0) >= 0: met.append("IPC")
    time.sleep(0.05)
met
"""


def test_two_notebooks_at_once_do_not_meet(interpreter: Interpreter, tmp_path: Path) -> None:
    said: dict[str, list[str]] = {}

    def one(name: str, source: str) -> None:
        (tmp_path / name / "ps1").mkdir(parents=True)
        ran = interpreter.run(notebook(source), tmp_path / name / "ps1", SHORT)
        said[name] = [told(cell) for cell in ran.cells]

    sources = {"eve": ADDRESSES + LISTENS, "bob": ADDRESSES + CALLS}
    threads = [threading.Thread(target=one, args=each) for each in sources.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {"eve": ["[]"], "bob": ["[]"]}


BOMBS = {
    "descriptors": "held = []\nwhile True: held.append(open('/dev/null'))",
    "output past Python": "import os\nwhile True: os.write(1, b'x' * 60_000)",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_its_own_cell(interpreter: Interpreter, folder: Path, bomb: str) -> None:
    ran = interpreter.run(notebook("x = 1", BOMBS[bomb], graded("x", "assert x == 1")), folder, Limits(cell_s=2.0))
    assert "error" in [output.output_type for output in ran.cells[1].outputs], ran.cells[1].outputs
    assert told(ran.cells[2]) == ""


FORGES = {
    "says that all is done": "say({'done': 1}); say({'done': 2}); say({'ready': True})",
    "says what is none": "say([1]); say(7); say('x')",
    "says what has no end": "raw(b'\\xff\\xff\\xff\\xff' + b'x' * 1000)",
    "says half": "raw(b'\\0\\0\\1\\0{')",
    "says it all anew": "patch()",
    "shows what is none": (
        "say({'show': 7, 'metadata': 8, 'id': [1]}); say({'result': [1], 'count': 'x'}); say({'error': 1});"
        "say({'update': {}, 'id': {}}); say({'clear': {}}); say({'stream': 3, 'text': 4})"
    ),
}
SAYS = """
import gc, json, socket, struct
def raw(data):
    for connection in [thing for thing in gc.get_objects() if isinstance(thing, socket.socket)]:
        try: connection.sendall(data)
        except OSError: pass
def say(message):
    data = json.dumps(message).encode()
    raw(struct.pack("!I", len(data)) + data)
def patch():
    import builtins
    from interpreter.crossing import line
    builtins.AssertionError = type("AssertionError", (Exception,), {})
    before = line.Line._say
    def say(self, message):
        if "raised" in message:
            message = {"answer": message["answer"], "value": None}
        if "value" in message:
            message["value"] = [{"$": "mine", "number": 7, "kind": "class", "name": "int"}, []]
        before(self, message)
    line.Line._say = say
"""


@pytest.mark.parametrize("name", FORGES)
@pytest.mark.parametrize("where", ["in a cell", "in a test"])
def test_forged_messages_earn_nothing(interpreter: Interpreter, folder: Path, name: str, where: str) -> None:
    forging = f"{SAYS}\ndef f():\n    {FORGES[name]}\n    return 0\n" + ("f()" if where == "in a cell" else "")
    cells: list[Any] = ["x = 1", forging, graded("f", "assert f() == 1"), graded("g", "assert x == 2"), "x"]
    ran = interpreter.run(notebook(*cells), folder, SHORT)
    for test in ran.cells[2:4]:
        assert any(output.output_type == "error" for output in test.outputs), test.outputs
        assert not any(output.output_type == "execute_result" for output in test.outputs)
    assert AFTER.source == "assert 1 + 1 == 2"
    assert told(interpreter.run(notebook(AFTER), folder, SHORT).cells[0]) == ""  # the next one is none the worse
