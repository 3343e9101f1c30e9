"""A map of the native library (or of another store): its handle, its life, and what every kind can do.

    with create_map(MapSpec("flows", "hash", 8, 8, 100)) as flows:
        flows[1] = 2

The memory goes when the map is closed or its last reference does; runs that use it must have ended by then.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from bpfcc.runtime.library import MapArea, MapDef, native
from bpfcc.runtime.maps.types import EBADF, map_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.module import MapSpec

NO_FIELD: Final = 0xFFFF_FFFF


# Who keeps maps: what `native()` is, or an object with those of its functions (`bpfcc_map_read`, `bpfcc_ring_read`, …) that the
# classes of this package call. They take the map's handle first, and give a negative errno where they fail.
MapCalls: TypeAlias = Any


class Map:
    """Any map. `id` is its number in the state of a loaded module, None before it has one."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, calls: MapCalls | None = None) -> None:
        self.spec = spec
        self.cpus = cpus
        self.id: int | None = None
        self._calls: MapCalls = native() if calls is None else calls
        self._handle: int | None = handle
        self._free: Callable[[], object] = weakref.finalize(self, self._calls.bpfcc_map_free, handle)
        definition = self._calls.bpfcc_map_definition(handle).contents
        self.max_entries = int(definition.max_entries)
        self.key_size = int(self._calls.bpfcc_map_key_bytes(handle))
        self.value_size = spec.value_size

    @property
    def name(self) -> str:
        """As the object has it."""
        return self.spec.name

    @property
    def type(self) -> str:
        """As libbpf names it, such as `lru_hash`."""
        return self.spec.type

    @property
    def handle(self) -> int:
        """The native map (`struct bpfcc_map *`)."""
        if self._handle is None:
            raise map_error(self.name, "use", EBADF)
        return self._handle

    @property
    def closed(self) -> bool:
        """Whether its memory is gone."""
        return self._handle is None

    def close(self) -> None:
        """Free the memory now. No run may be using it."""
        self._handle = None
        self._free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.max_entries} entries"
        return f"<{self.type} map {self.name!r}: key {self.key_size} bytes, value {self.value_size}, {state}>"

    def count(self) -> int:
        """Entries stored; an estimate while programs run."""
        return int(self._calls.bpfcc_map_count(self.handle))

    def area(self) -> MapArea:
        """Where its values lie in this process."""
        area = MapArea()
        self.check(self._calls.bpfcc_map_area(self.handle, ctypes.byref(area)), "area")
        return area

    def freeze(self) -> None:
        """Refuse every later write from outside; programs are not affected."""
        self.check(self._calls.bpfcc_map_freeze(self.handle), "freeze")

    def set_fields(self, *, lock_offset: int | None = None, timer_offset: int | None = None) -> None:
        """Tell where `struct bpf_spin_lock` and `struct bpf_timer` lie in the value, before the first entry."""
        lock = NO_FIELD if lock_offset is None else lock_offset
        timer = NO_FIELD if timer_offset is None else timer_offset
        self.check(self._calls.bpfcc_map_set_fields(self.handle, lock, timer), "set_fields")

    def check(self, result: int, action: str) -> int:
        """The result, or MapError when it is a negative errno."""
        if result < 0:
            raise map_error(self.name, action, -result)
        return result


def native_map(definition: MapDef, name: str) -> int:
    """A new native map; MapError with Linux's errno where Linux refuses, too."""
    handle = ctypes.c_void_p()
    result = native().bpfcc_map_create(ctypes.byref(definition), ctypes.byref(handle))
    if result < 0 or handle.value is None:
        raise map_error(name, "create", -result)
    return handle.value
