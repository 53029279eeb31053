"""A filter for the kernel's doors that nothing in the sandbox needs.

What a sandboxed process holds is counted by its memory, its files and its open descriptors. The
calls refused here get memory or influence that is not counted so, or reach parts of the kernel
through which sandboxes have been left.
"""

from __future__ import annotations

import platform
import struct

_REFUSED = {
    # name: (x86-64, arm64)
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "syslog": (103, 116),
}
_CLONE, _CLONE3, _IOCTL, _SOCKET = (56, 220), (435, 435), (16, 29), (41, 198)
_FAMILIES = (2, 10, 16)
"""Kinds of sockets for the network: IPv4, IPv6, and netlink, by which names are looked up."""
_NEW_NAMESPACES = 0x7E020000
_TERMINAL_INPUT = (0x5412, 0x541C)
"""The requests that put letters into a terminal, as if its user had typed them."""
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 0x00050001, 0x00050026, 0x00050061
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_OTHER_NUMBERS = 0x40000000


def is_known_machine() -> bool:
    """Whether the numbers of this machine's system calls are known."""
    return platform.machine() in _MACHINES


def filter_program(*, network: bool = False) -> bytes:
    """Return the filter for this machine, as the kernel takes it.

    With the network of the machine come its abstract sockets, at which desktops and daemons listen,
    and the way to its hypervisor: then only sockets for the internet can be made. Pairs of sockets
    lead nowhere else and stay.
    """
    architecture, column = _MACHINES[platform.machine()]
    rows = [
        _row(_LOAD, _ARCHITECTURE),
        *_unless(_EQUAL, architecture, _KILL),
        _row(_LOAD, _NUMBER),
        *_when(_AT_LEAST, _OTHER_NUMBERS, _EPERM),
    ]
    for numbers in _REFUSED.values():
        rows += _when(_EQUAL, numbers[column], _EPERM)
    # Its flags are in memory, which a filter cannot see; libraries then fall back on clone.
    rows += _when(_EQUAL, _CLONE3[column], _ENOSYS)
    rows += _on_argument(_CLONE[column], _FIRST, _when(_ANY_BIT, _NEW_NAMESPACES, _EPERM))
    requests = [row for request in _TERMINAL_INPUT for row in _when(_EQUAL, request, _EPERM)]
    rows += _on_argument(_IOCTL[column], _SECOND, requests)
    if network:
        known = [
            _row(_EQUAL, family, len(_FAMILIES) - place) for place, family in enumerate(_FAMILIES)
        ]
        rows += _on_argument(_SOCKET[column], _FIRST, [*known, _row(_RETURN, _EAFNOSUPPORT)])
    return b"".join([*rows, _row(_RETURN, _ALLOW)])


def _row(code: int, value: int, when: int = 0, unless: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when, unless, value)


def _when(code: int, value: int, answer: int) -> list[bytes]:
    return [_row(code, value, 0, 1), _row(_RETURN, answer)]


def _unless(code: int, value: int, answer: int) -> list[bytes]:
    return [_row(code, value, 1, 0), _row(_RETURN, answer)]


def _on_argument(number: int, place: int, rows: list[bytes]) -> list[bytes]:
    """Look at an argument of one call; every other call passes over it with its number kept."""
    inner = [_row(_LOAD, place), *rows, _row(_RETURN, _ALLOW)]
    return [_row(_EQUAL, number, 0, len(inner)), *inner]
