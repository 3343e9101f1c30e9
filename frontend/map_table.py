"""The maps of an object in a list, and what the readers of their definitions share.

table.places[0]                   -> MapPlace(spec=MapSpec("flows", …), section=7, offset=0)
table.by_place[7, 0]              -> 0
table.by_name[".rodata"]          -> 2
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.frontend.conventions import Conventions
    from bpfcc.frontend.elf import ElfFile

LINUX_MAP_TYPES: Final = (
    "unspec", "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array", "stack_trace", "cgroup_array",
    "lru_hash", "lru_percpu_hash", "lpm_trie", "array_of_maps", "hash_of_maps", "devmap", "sockmap", "cpumap", "xskmap", "sockhash",
    "cgroup_storage", "reuseport_sockarray", "percpu_cgroup_storage", "queue", "stack", "sk_storage", "devmap_hash", "struct_ops",
    "ringbuf", "inode_storage", "task_storage", "bloom_filter", "user_ringbuf", "cgrp_storage", "arena", "insn_array",
)  # fmt: skip

READ_ONLY_FOR_PROGRAMS: Final = 0x80
# Far beyond any program: a map costs a kernel memory and a file descriptor.
MAX_MAPS: Final = 4096
NUMA_NODE_GIVEN: Final = 0x4
NESTED: Final = frozenset({"array_of_maps", "hash_of_maps"})


class MapPlace(NamedTuple):
    """A map and where its definition lies, which is how relocations name it."""

    spec: MapSpec
    section: int
    offset: int


@final
class MapTable:
    """All maps of an object in libbpf's order: defined ones, global data, kernel configuration."""

    def __init__(self, conventions: Conventions) -> None:
        self.conventions = conventions
        self.places: list[MapPlace] = []
        self.by_place: dict[tuple[int, int], int] = {}
        self.by_name: dict[str, int] = {}
        # Sections whose bytes are map definitions, and those that are a map's value.
        self.definition_sections: set[int] = set()
        self.data_sections: set[int] = set()

    def add(self, spec: MapSpec, section: int, offset: int, elf: ElfFile) -> int:
        """Append a map; two of one name cannot be told apart and are refused."""
        if len(self.places) >= MAX_MAPS:
            raise elf.error(f"more than {MAX_MAPS} maps", section=elf.section_at(section), offset=offset)
        if spec.name in self.by_name:
            raise elf.error(f"a second map named {spec.name!r}", section=elf.section_at(section), offset=offset)
        if (section, offset) in self.by_place:
            raise elf.error(f"map {spec.name!r}: a second map at its place", section=elf.section_at(section), offset=offset)
        if not self.conventions.known(spec):
            message = f"map {spec.name!r}: {self.conventions.platform} has no type {spec.type!r}; --platform FILE may add it"
            raise elf.error(message, section=elf.section_at(section), offset=offset)
        index = len(self.places)
        self.places.append(MapPlace(spec, section, offset))
        self.by_place[section, offset] = index
        self.by_name[spec.name] = index
        return index


def unpack_words(elf: ElfFile, record: bytes) -> tuple[int, ...]:
    """The 32-bit fields of a record in the object's byte order."""
    return struct.unpack(f"{elf.order}{len(record) // 4}I", record[: len(record) // 4 * 4])
