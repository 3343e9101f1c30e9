"""What the runs of a module share: maps by id, helpers, clock, random numbers, what programs said.

runtime = Runtime(load_platform("linux"), maps, RunOptions(clock_ns=0))
runtime.binding("flows").handle                 what a register that names the map holds
runtime.helper_address(1)                       the C function; UnsupportedError where there is none
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self, final

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.library import Run as NativeRun
from bpfcc.runtime.log import LogRecord, records
from bpfcc.runtime.memory import BIND_READ_ONLY, NativeReadable, map_handle, state_library
from bpfcc.runtime.options import RunOptions

if TYPE_CHECKING:
    from types import TracebackType

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs import Platform

ENOSPC: Final = 28
E2BIG: Final = 7
# The result of a helper call as the program sees it, and the run that called.
HelperFunction = ctypes.CFUNCTYPE(
    ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p
)
PythonHelper = Callable[["HelperCall"], int]
TRAP_HELPER: Final = 5

# Helpers that are refused where the caller did not supply what they tell: the option, and in words.
NEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "get_current_task": ("task.address", "the task's address, with its memory in RunOptions.readable"),
    "get_current_task_btf": ("task.address", "the task's address, with its memory in RunOptions.readable"),
    "get_current_cgroup_id": ("task.cgroup_id", "the task's cgroup"),
    "get_current_ancestor_cgroup_id": ("task.cgroup_id", "the task's cgroup"),
    "get_local_storage": ("task.cgroup_id", "the task's cgroup"),
    "get_netns_cookie": ("task.netns_cookie", "the cookie of the network namespace"),
    "get_socket_cookie": ("task.socket_cookie", "the cookie of the socket"),
    "get_func_arg": ("function_arguments", "the number of the function's arguments"),
    "get_func_ret": ("function_arguments", "the number of the function's arguments"),
    "get_func_arg_cnt": ("function_arguments", "the number of the function's arguments"),
    "check_mtu": ("devices", "the network devices"),
}


class NativeMap(Protocol):
    """What a runtime needs of a map object (`bpfcc.runtime.maps.Map`)."""

    id: int | None

    @property
    def name(self) -> str: ...

    @property
    def handle(self) -> int: ...

    @property
    def spec(self) -> MapSpec: ...


@final
@dataclass(frozen=True, slots=True)
class Binding:
    """A map in a runtime: its id, and where its values begin for checked and for unchecked runs (0 = nothing to point at)."""

    id: int
    guest_base: int
    host_base: int

    @property
    def handle(self) -> int:
        """What a register that names the map holds."""
        return map_handle(self.id)


@final
@dataclass(frozen=True, slots=True)
class HelperCall:
    """A call that a Python helper answers: its arguments and the run's memory."""

    arguments: tuple[int, int, int, int, int]
    run: int

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the program's memory; empty, and the run traps, where it may not be read."""
        at = self._access(address, size, write=False)
        return ctypes.string_at(at, size) if at and size else b""

    def write(self, address: int, data: bytes) -> bool:
        """Put bytes into the program's memory; False, and the run traps, where it may not be written."""
        at = self._access(address, len(data), write=True)
        if at and data:
            ctypes.memmove(at, data, len(data))
        return bool(at)

    def _access(self, address: int, size: int, *, write: bool) -> int:
        if not NativeRun.from_address(self.run).checked:
            return address
        return state_library().bpfcc_access_slow(self.run, address, size, int(write)) or 0


def raise_for(result: int, what: str) -> None:
    """Errors of the native library that the caller can do something about."""
    if result == -ENOSPC:
        raise UnsupportedError("guest memory", f"{what}: the values of the maps do not fit into the 4 GiB of a checked run")
    if result == -E2BIG:
        raise InputError(f"{what}: too large")
    if result < 0:
        raise MemoryError(what)


@final
class Runtime:
    """What the runs of a module share: maps by name, helpers, clock, random numbers, what programs said."""

    def __init__(self, platform: Platform, maps: Iterable[NativeMap] = (), options: RunOptions | None = None) -> None:
        self.platform = platform
        self.options = options or RunOptions()
        self.maps: dict[str, NativeMap] = {}
        self._bindings: dict[str, Binding] = {}
        self._library = state_library()
        self._mocks: dict[int, object] = {}
        self.failures: list[BaseException] = []
        self.state: int = self._library.bpfcc_state_create() or 0
        if not self.state:
            raise MemoryError("no memory for a runtime")
        self._free = weakref.finalize(self, self._library.bpfcc_state_free, self.state)
        self._keep: list[object] = []
        self._apply(self.options)
        for each in maps:
            self.add_map(each)
        self._fill_arrays_of_maps()

    def _apply(self, options: RunOptions) -> None:
        library, state = self._library, self.state
        library.bpfcc_state_set_cpus(state, options.cpus)
        library.bpfcc_state_set_seed(state, options.seed & (1 << 64) - 1)
        library.bpfcc_state_set_log_limit(state, options.log_limit_bytes)
        library.bpfcc_state_set_clock_offsets(state, options.boot_offset_ns, options.real_offset_ns, 37_000_000_000)
        if options.clock_ns is not None:
            self.set_clock(options.clock_ns)
        library.bpfcc_state_set_task(state, ctypes.byref(options.task.to_native()))
        self.set_readable(options.readable)
        self._set_list("routes", [route.to_native() for route in options.routes])
        self._set_list("devices", [device.to_native() for device in options.devices])
        if options.call_stack is not None:
            stack = (ctypes.c_uint64 * max(len(options.call_stack), 1))(*options.call_stack)
            raise_for(library.bpfcc_state_set_stack(state, stack, len(options.call_stack)), "call stack")

    def _set_list(self, what: str, items: Sequence[ctypes.Structure]) -> None:
        if items:
            array = (type(items[0]) * len(items))(*items)
            raise_for(getattr(self._library, f"bpfcc_state_set_{what}")(self.state, array, len(items)), what)

    # ---- maps

    def add_map(self, each: NativeMap) -> Binding:
        """Bind a map to the next id. It must live as long as the runtime; nothing may run that should not see it."""
        number = ctypes.c_uint32()
        flags = BIND_READ_ONLY if each.spec.read_only_program else 0
        raise_for(self._library.bpfcc_state_add_map(self.state, each.handle, flags, ctypes.byref(number)), f"map {each.name!r}")
        each.id = number.value
        self.maps[each.name] = each
        base = int(self._library.bpfcc_state_map_base(self.state, number.value))
        host = int(self._library.bpfcc_state_map_host(self.state, number.value) or 0)
        self._bindings[each.name] = Binding(number.value, base, host)
        return self._bindings[each.name]

    def binding(self, name: str) -> Binding:
        """A map's id and addresses."""
        return self._bindings[name]

    def _fill_arrays_of_maps(self) -> None:
        for outer in self.maps.values():
            if outer.spec.type not in {"array_of_maps", "hash_of_maps"}:
                continue
            for index, name in outer.spec.values.items():
                if name not in self.maps:
                    raise InputError(f"map {outer.name!r} names {name!r}, which is no map of the object")
                self._write_index(outer, index, self._bindings[name].id)

    def set_programs(self, names: Sequence[str]) -> None:
        """Fill program arrays: `names` are the programs in the order in which the back end numbers them."""
        numbers = {name: index + 1 for index, name in enumerate(names)}
        for array in self.maps.values():
            if array.spec.type == "prog_array":
                for index, name in array.spec.values.items():
                    if name in numbers:
                        self._write_index(array, index, numbers[name])

    def _write_index(self, target: NativeMap, index: int, value: int) -> None:
        key, word = ctypes.c_uint32(index), ctypes.c_uint32(value)
        result = self._library.bpfcc_map_write(target.handle, ctypes.byref(key), ctypes.byref(word), 0)
        if result < 0:
            raise InputError(f"map {target.name!r}: entry {index} lies outside of its {target.spec.max_entries} entries")

    # ---- helpers

    def helper_name(self, helper_id: int, program_type: str | None = None) -> str:
        """The name with its prefix, for messages; programs of a type may have helpers of their own."""
        return self.platform.helper_name(helper_id, program_type) or f"helper {helper_id}"

    def set_helper(self, helper_id: int, function: PythonHelper) -> None:
        """Let Python answer a helper. Programs prepared afterwards call it; what it raises is kept in `failures` and ends the run."""

        def call(r1: int, r2: int, r3: int, r4: int, r5: int, run: int) -> int:
            try:
                return function(HelperCall((r1, r2, r3, r4, r5), run)) & (1 << 64) - 1
            except BaseException as error:  # noqa: BLE001 - nothing may leave through C; the caller finds it in `failures`
                self.failures.append(error)
                native = NativeRun.from_address(run)
                native.trap = native.trap or TRAP_HELPER
                return 0

        self._mocks[helper_id] = HelperFunction(call)

    def helper_address(self, helper_id: int, program_type: str | None = None) -> int:
        """The C function of a helper. UnsupportedError names the helper that this runtime has not, or has not what it needs."""
        mock = self._mocks.get(helper_id)
        if mock is not None:
            return ctypes.cast(mock, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
        name = self.helper_name(helper_id, program_type)
        reason = self._lacks(helper_id)
        if reason:
            raise UnsupportedError(f"helper {name}", f"{name} needs {reason}")
        if self.platform.objects == "windows":
            number = self.platform.program_type(program_type).number if program_type else 0
            address = self._library.bpfcc_helper_table_windows(number, helper_id)
        else:
            address = self._library.bpfcc_helper_table(helper_id)
        if not address:
            raise UnsupportedError(f"helper {name}", f"{name} has no meaning outside of a kernel, or this runtime does not have it yet")
        return int(address)

    def _lacks(self, helper_id: int) -> str | None:
        """What the caller did not supply and a helper cannot do without."""
        known = self.platform.helpers_by_id
        need = NEEDS.get(known[helper_id].name) if helper_id in known else None
        if need is None:
            return None
        option, what = need
        found: object = self.options
        for name in option.split("."):
            found = getattr(found, name)
        return f"{what} (RunOptions.{option})" if found is None or found == () else None

    @property
    def quiet_helpers(self) -> frozenset[int]:
        """Helpers after which every address means what it meant before."""
        return self.platform.settled_ids - self._mocks.keys()

    # ---- clock, memory, output

    def set_clock(self, ns: int | None) -> None:
        """Let time stand at `ns` (monotonic), or run by itself again (None). Timers fire in `Run.fire_timers`."""
        self._library.bpfcc_state_set_clock(self.state, 0 if ns is None else 1, (ns or 0) & (1 << 64) - 1)

    def now(self) -> int:
        """The monotonic clock that programs see, in nanoseconds."""
        return int(self._library.bpfcc_state_now(self.state))

    def next_timer(self) -> int | None:
        """When the next timer is due, on the clock that programs see."""
        due = int(self._library.bpfcc_timers_next(self.state))
        return None if due == (1 << 64) - 1 else due

    def set_readable(self, memory: Mapping[int, bytes]) -> None:
        """Memory that probe_read and its kin may read, by address; nothing may run meanwhile."""
        buffers = [ctypes.create_string_buffer(data, max(len(data), 1)) for data in memory.values()]
        array = (NativeReadable * max(len(buffers), 1))(
            *(
                NativeReadable(address & (1 << 64) - 1, len(data), ctypes.addressof(buffer))
                for (address, data), buffer in zip(memory.items(), buffers, strict=True)
            )
        )
        raise_for(self._library.bpfcc_state_set_readable(self.state, array, len(buffers)), "readable memory")
        self._keep = list(buffers)

    def take_log(self) -> list[LogRecord]:
        """What programs said since the last call: trace lines, clones, signals, in their order."""
        size = int(self._library.bpfcc_state_take_log(self.state, None, 0))
        if not size:
            return []
        buffer = ctypes.create_string_buffer(size)
        taken = int(self._library.bpfcc_state_take_log(self.state, buffer, size))
        return list(records(buffer.raw[:taken]))

    @property
    def log_dropped(self) -> int:
        """Records that found no room below the log's limit."""
        return int(self._library.bpfcc_state_log_dropped(self.state))

    def close(self) -> None:
        """Free the state. Runs must be closed before, maps after."""
        self.state = 0
        self._free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
