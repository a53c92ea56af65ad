"""More of everything than there is: processes, threads, memory, files, output."""

from tests.hostile.attacks.attack import Attack

WRONG = "\ndef mean(numbers): return 0"
FORKS = "while True:\n    try: os.fork()\n    except OSError: pass"
THREADS = """
import threading, time
def breed():
    threading.Thread(target=breed).start()
    time.sleep(1000)
breed()
time.sleep(1000)
"""
MEMORY = "held = []\nwhile True: held.append(bytearray(16 << 20))"
SHARED = """
import mmap, time
held = []
for _ in range(20):
    if os.fork() == 0:
        held.append(bytearray(64 << 20))
        time.sleep(1000)
os.wait()
"""
FILES = """
for number in range(30):
    with open(f"/tmp/{number}", "wb") as file: file.write(bytes(8 << 20))
print("GOT", sum(os.stat(f"/tmp/{number}").st_size for number in range(30)) >> 20, "MB")
"""
NAMELESS = """
held = []
for _ in range(80):
    held.append(os.memfd_create("held"))
    os.write(held[-1], bytes(16 << 20))
print("GOT", sum(os.fstat(file).st_size for file in held) >> 20, "MB")
"""
SEGMENTS = """
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype, libc.shmat.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmdt.argtypes = [ctypes.c_void_p]
held = 0
for _ in range(70):
    segment = libc.shmget(0, 16 << 20, 0o600)
    if segment >= 0:
        place = libc.shmat(segment, None, 0)
        ctypes.memset(place, 1, 16 << 20)
        libc.shmdt(place)
        held += 16
if held: print("GOT", held, "MB")
"""
PRINTS = "for number in range(100): print('x' * 1_000_000)"
EVERYWHERE = "print('\\N{PILE OF POO}' * 6_500_000)"
RESULT = "\nclass Long:\n    def __repr__(self): return 'x' * 24_500_000\nLong()"
DISPLAYS = """
from IPython.display import HTML, display
for _ in range(400): display(HTML("x" * 200_000))
"""

ATTACKS = (
    Attack("fork-bomb", "bombs", "processes until nobody else has one", FORKS + WRONG, proof="job"),
    Attack("thread-bomb", "bombs", "threads, which count as processes", THREADS + WRONG, proof="job"),
    Attack("memory-bomb", "bombs", "memory until the machine ends somebody", MEMORY + WRONG, proof="job"),
    Attack("disk-bomb", "bombs", "files until the disk is full", FILES + WRONG),
    Attack("nameless-files", "bombs", "memory that no process has, in files without a name", NAMELESS + WRONG),
    Attack(
        "segments", "bombs", "memory that stays when nobody looks at it, and that no limit counts", SEGMENTS + WRONG
    ),
    Attack("output-bomb", "bombs", "a notebook too long to be kept or read", PRINTS + WRONG),
    Attack(
        "outputs-everywhere",
        "bombs",
        "outputs that are together too long to be told",
        EVERYWHERE + WRONG,
        first=EVERYWHERE,
        last=EVERYWHERE,
    ),
    Attack(
        "long-results",
        "bombs",
        "results, which are not counted as what is shown",
        WRONG + RESULT,
        first=RESULT,
        last=RESULT,
    ),
    Attack("display-bomb", "bombs", "the same in rich outputs", DISPLAYS + WRONG),
)
