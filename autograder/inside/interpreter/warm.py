"""The warm process of learners: imports what notebooks import, then forks one learner's process on request.

Run as `python -m interpreter.warm SOCKET jail|open MODULE…`. `jail`: each fork is confined; `open`: none is.
"""

import os
import socket
import sys

from . import forks, guard, learner, shell
from .jail import Jail


def main() -> None:
    descriptor, how, *names = sys.argv[1:]
    os.set_inheritable(int(descriptor), True)  # should this program have to begin anew
    ip = shell.make()
    forks.preload(names, then=lambda: prepare(ip))
    requests = socket.socket(fileno=int(descriptor))
    jail = Jail() if how == "jail" else None
    slot, descriptors = forks.Forks(requests, jail.fork if jail else os.fork).serve()
    try:
        learner.main(ip, jail, slot, descriptors)
    finally:
        os._exit(0)


def prepare(ip: shell.Shell) -> None:
    shell.rehearse(ip)
    guard.remember()


if __name__ == "__main__":
    main()
