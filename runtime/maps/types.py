"""Kinds of maps by name, and the flags and errors that operations know. Numbers are Linux's (`linux/bpf.h`).

>>> MAP_TYPES["lpm_trie"]
11
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bpfcc.errors import BpfccError, InputError, UnsupportedError

MAP_TYPES: Final[Mapping[str, int]] = {
    "hash": 1,
    "array": 2,
    "prog_array": 3,
    "perf_event_array": 4,
    "percpu_hash": 5,
    "percpu_array": 6,
    "stack_trace": 7,
    "cgroup_array": 8,
    "lru_hash": 9,
    "lru_percpu_hash": 10,
    "lpm_trie": 11,
    "array_of_maps": 12,
    "hash_of_maps": 13,
    "devmap": 14,
    "sockmap": 15,
    "cpumap": 16,
    "xskmap": 17,
    "sockhash": 18,
    "cgroup_storage": 19,
    "reuseport_sockarray": 20,
    "percpu_cgroup_storage": 21,
    "queue": 22,
    "stack": 23,
    "sk_storage": 24,
    "devmap_hash": 25,
    "struct_ops": 26,
    "ringbuf": 27,
    "inode_storage": 28,
    "task_storage": 29,
    "bloom_filter": 30,
    "user_ringbuf": 31,
    "cgrp_storage": 32,
    "arena": 33,
}
UNSUPPORTED: Final = frozenset({"struct_ops", "user_ringbuf", "arena"})
PER_CPU: Final = frozenset({"percpu_array", "percpu_hash", "lru_percpu_hash", "percpu_cgroup_storage"})

BPF_ANY: Final = 0
BPF_NOEXIST: Final = 1
BPF_EXIST: Final = 2
BPF_F_LOCK: Final = 4

F_INNER_MAP: Final = 1 << 12

ENOENT: Final = 2
E2BIG: Final = 7
EBADF: Final = 9
EAGAIN: Final = 11
EEXIST: Final = 17
EINVAL: Final = 22

# Linux's numbers on every system; what the operations of maps can say.
ERRNO_NAMES: Final[Mapping[int, str]] = {
    1: "EPERM",
    2: "ENOENT",
    7: "E2BIG",
    9: "EBADF",
    11: "EAGAIN",
    12: "ENOMEM",
    13: "EACCES",
    14: "EFAULT",
    16: "EBUSY",
    17: "EEXIST",
    19: "ENODEV",
    22: "EINVAL",
    28: "ENOSPC",
    75: "EOVERFLOW",
    95: "EOPNOTSUPP",
    524: "ENOTSUPP",
}
ERRNO_MEANINGS: Final[Mapping[int, str]] = {
    1: "the map's flags or a freeze forbid it",
    2: "there is no such entry",
    7: "the map is full, the index is past the end, or a size is too large",
    9: "the map is closed",
    11: "there is no room",
    12: "there is not enough memory",
    13: "programs may not write this map",
    16: "it is frozen already",
    17: "the entry exists",
    22: "the arguments are invalid",
    28: "the map is full",
    75: "a number is too large",
    95: "this kind of map does not support it",
    524: "this kind of map does not support it",
}


class MapError(BpfccError):
    """An operation on a map failed. `errno` is Linux's number, on every system."""

    exit_status = 2

    def __init__(self, message: str, errno: int) -> None:
        super().__init__(message)
        self.errno = errno

    @property
    def errno_name(self) -> str:
        """Such as `ENOENT`."""
        return ERRNO_NAMES.get(self.errno, str(self.errno))


class MissingKeyError(MapError, KeyError):
    """Access to an entry that is not there: a KeyError that knows its map."""

    def __str__(self) -> str:
        return self.message


class EmptyError(MapError, IndexError):
    """Pop or peek where nothing is stored."""


def map_error(name: str, action: str, errno: int) -> MapError:
    """The error for a negative result, `errno` given as a positive number."""
    what = ERRNO_NAMES.get(errno, str(errno))
    meaning = ERRNO_MEANINGS.get(errno, "it failed")
    return MapError(f"map {name!r}: {action}: {meaning} ({what})", errno)


def type_number(name: str) -> int:
    """The number of a kind of map; UnsupportedError for those that have no meaning in a process."""
    if name in UNSUPPORTED:
        raise UnsupportedError(f"map type {name}")
    number = MAP_TYPES.get(name)
    if number is None:
        raise InputError(f"no map type {name!r}; choose one of {', '.join(sorted(set(MAP_TYPES) - UNSUPPORTED))}")
    return number
