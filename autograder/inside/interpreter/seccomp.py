"""System calls refused to a learner's process: they reach far into the kernel, or hold memory that nothing bounds."""

import ctypes
import errno
import platform
import struct
from typing import Any

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, EQUAL, AT_LEAST, HAS_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # of classic BPF
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data
X32 = 0x40000000  # the other set of calls that x86-64 has
NEW_NAMESPACES = 0x7E020000  # the flags of clone that make some
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435  # has its flags where a filter cannot see them; who is told that there is none takes clone

BOTH = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "mount_setattr": 442,
    "memfd_secret": 447,
}
REFUSED = {
    # name: (x86_64, aarch64)
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "userfaultfd": (323, 282),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "acct": (163, 89),
    # Memory that belongs to no process and to no folder, so that no limit counts it.
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "msgget": (68, 186),
}


def restrict() -> None:
    """Refuse those calls to this process and all that it starts, for good. It must be unable to gain privileges.

    Raises OSError. On another processor than those of ARCHITECTURES nothing is refused.
    """
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        return
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    told = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, told, 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp filter")


def _program(machine: str) -> bytes:
    column = list(ARCHITECTURES).index(machine)
    refused = sorted([*(numbers[column] for numbers in REFUSED.values()), *BOTH.values()])
    no = ERRNO | errno.EPERM
    return b"".join(
        [
            _step(LOAD, ARCHITECTURE_AT),
            *(_step(EQUAL, ARCHITECTURES[machine], yes=1), _step(RETURN, KILL)),
            _step(LOAD, NUMBER_AT),
            *(_step(AT_LEAST, X32, no=1), _step(RETURN, no)),
            *(_step(EQUAL, CLONE3, no=1), _step(RETURN, ERRNO | errno.ENOSYS)),
            *(step for number in refused for step in (_step(EQUAL, number, no=1), _step(RETURN, no))),
            *(_step(EQUAL, CLONE[machine], no=3), _step(LOAD, FIRST_ARGUMENT_AT)),
            *(_step(HAS_BIT, NEW_NAMESPACES, no=1), _step(RETURN, no)),
            _step(RETURN, ALLOW),
        ]
    )


def _step(what: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One instruction. `yes` and `no` say how many to skip after a comparison."""
    return struct.pack("HBBI", what, yes, no, value)
