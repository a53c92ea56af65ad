"""What is said across the pipe to those who judge: forged, out of turn, without an end."""

from tests.hostile.attacks.attack import Attack, Without

EXECUTION = "autograder/notebooks/execution.py"
SAYS = """
import gc, json, struct
def raw(data):
    for peer in [thing for thing in gc.get_objects() if isinstance(thing, socket.socket)]:
        try: peer.sendall(data)
        except OSError: pass
def say(*messages):
    for message in messages:
        data = json.dumps(message).encode()
        raw(struct.pack("!I", len(data)) + data)
"""
CLAIMS = (
    SAYS
    + """
def mean(numbers):
    say({"clear": False}, {"done": 9}, {"clear": False}, {"result": {"text/plain": "2"}, "count": 1}, {"done": 9})
    return 0
"""
)
CLEARS = (
    SAYS
    + """
import threading, time
def wipe():
    for _ in range(20):
        time.sleep(0.01)
        say({"clear": False}, {"done": 3})
def mean(numbers):
    threading.Thread(target=wipe, daemon=True).start()
    return 0
"""
)
HANGS_UP = """
def mean(numbers):
    for number in range(3, 256):
        try: os.close(number)
        except OSError: pass
"""
NOISE = """
def mean(numbers):
    for number in range(3, 256):
        try: os.write(number, b"\\0\\0\\0\\5[1,2]" * 3 + b"\\xff" * 64)
        except OSError: pass
    return 0
"""
DEEP = (
    SAYS
    + """
nested = []
for _ in range(600): nested = [nested]
say({"show": {"application/json": nested}})
"""
)
INVALID = """
from IPython.display import display
display({"text/html": 7, "image/png": [1, {}], "text/plain": None}, raw=True)
"""
WRONG = "\ndef mean(numbers): return 0"
PIPE = "across the pipe"

ATTACKS = (
    Attack(
        "claims-a-result",
        PIPE,
        "an outcome, said before the test has one",
        CLAIMS,
        fair=False,
        proof=Without(EXECUTION, '"inside" if cell.metadata["nbgrader"]["grade_id"] in inside else "test"', '"inside"'),
    ),
    Attack(
        "clears-the-error",
        PIPE,
        "the error of a test, wiped away by a thread",
        CLEARS,
        fair=False,
        proof=Without(EXECUTION, '"inside" if cell.metadata["nbgrader"]["grade_id"] in inside else "test"', '"inside"'),
    ),
    Attack("hangs-up", PIPE, "a judge without anybody to ask", HANGS_UP),
    Attack("makes-noise", PIPE, "whoever reads the other end, confused", NOISE),
    Attack(
        "deep-output",
        PIPE,
        "an output so nested that whoever writes it falls",
        DEEP + WRONG,
        fair=False,
        proof=Without("autograder/notebooks/_shown.py", "isinstance(data, dict) and _is_shallow(data)", "True"),
    ),
    Attack("displays-a-number", PIPE, "an output that no notebook may hold", INVALID + WRONG),
)
