"""What the back ends that make machine code share: code in memory, the table that it reaches everything through, and its runs.

    exe = CompiledExecutable(module, environment, code, slots)
    with exe.bind(run) as bound:
        bound.run().return_value

A back end makes the `Code`: three addresses, and the table that belongs to them. It is filled here for this process.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, Array, addressof, c_uint64, c_void_p, cast
from typing import TYPE_CHECKING, Final, Protocol, final

from bpfcc.backends.base import DEFAULT_STEPS, Result, make_trap
from bpfcc.backends.binding import map_handle_of
from bpfcc.backends.library import runtime
from bpfcc.errors import InternalError, UnsupportedError
from bpfcc.runtime.library import MapHead, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from bpfcc.backends.base import Environment, Executable, NativeRun
    from bpfcc.backends.tables import Slot, Table
    from bpfcc.bpfir.function import Module
    from bpfcc.errors import Trap

ENTRY: Final = CFUNCTYPE(c_uint64, c_void_p)
MASK32: Final = (1 << 32) - 1
NOWHERE: Final = MASK32 << 32 | MASK32


class Code(Protocol):
    """Machine code of one module. Nothing of it may run any more once it is closed."""

    @property
    def entry(self) -> int:
        """Address of the C function that runs the program on a bound run."""
        ...

    @property
    def program(self) -> int:
        """Address of what tail calls enter."""
        ...

    @property
    def call_back(self) -> int:
        """Address of what helpers call functions of the module through."""
        ...

    @property
    def table(self) -> Array[c_uint64]:
        """Its table."""
        ...

    def close(self) -> None:
        """Free it."""
        ...


@final
class CompiledExecutable:
    """Machine code with what it needs in this process."""

    def __init__(self, module: Module, environment: Environment, code: Code, table: Table, text: Callable[[], str]) -> None:
        """`text` gives what the code was made from, to be read."""
        self.module = module
        self.checked = environment.checked
        self._text = text
        self.functions: Final = tuple(fn.name for fn in module.functions)
        self._code: Code | None = code
        self._table = code.table
        values: list[c_uint64 | int] = [*table.values(lambda slot: find(slot, environment))]
        self._table[:] = values
        self._targets: list[CompiledExecutable | None] = []
        self._addresses = (c_uint64 * 0)()
        self.call_back: Final = code.call_back
        self.program: Final = code.program
        self.table_address: Final = addressof(self._table)

    @property
    def entry(self) -> int:
        """Address of the C function that runs the program on a bound run."""
        if self._code is None:
            raise InternalError(f"the code of {self.module.entry.name} is closed")
        return self._code.entry

    @property
    def text(self) -> str:
        """What the code was made from, made again."""
        return self._text()

    @property
    def programs(self) -> dict[int, CompiledExecutable]:
        """This and what its tail calls can enter, by the address of the table."""
        found = {target.table_address: target for target in self._targets if target is not None}
        return {self.table_address: self} | found

    def bind(self, run: NativeRun) -> CompiledBound:
        """Make `run` one of this program. Close what this returns before the run."""
        return CompiledBound(self, run)

    def link(self, targets: Sequence[Executable | None]) -> None:
        """The programs that tail calls can enter. UnsupportedError for one of another back end or mode."""
        linked: list[CompiledExecutable | None] = []
        for target in targets:
            if target is not None and not (isinstance(target, CompiledExecutable) and self._is_like(target)):
                raise UnsupportedError("tail calls between back ends")
            linked.append(target)
        self._targets = linked
        # Of each: the program, and the table that it takes.
        pairs = [(0, 0) if target is None else (target.program, target.table_address) for target in linked]
        self._addresses = (c_uint64 * (2 * len(pairs)))(*(word for pair in pairs for word in pair))
        self._table[0] = addressof(self._addresses) if linked else 0
        self._table[1] = len(linked)

    def _is_like(self, other: CompiledExecutable) -> bool:
        return type(other._code) is type(self._code) and other.checked == self.checked

    def close(self) -> None:
        """Free the code; nothing may be bound any more."""
        code, self._code = self._code, None
        if code is not None:
            code.close()


def find(slot: Slot, environment: Environment) -> int:
    """What a slot of the table holds in this process."""
    which = slot.which
    if slot.kind == "runtime":
        return cast(getattr(runtime(), str(which)), c_void_p).value or 0
    number = int(which)
    if slot.kind == "helper":
        return environment.helper_address(number)
    binding = environment.maps[number]
    if slot.kind == "map handle":
        return map_handle_of(binding)
    if slot.kind == "map values" and binding.host_base:
        return binding.host_base
    if slot.kind == "map guest values":
        return binding.guest_base
    if not binding.pointer:
        raise InternalError(f"the environment does not say where map {number} is")
    head = MapHead.from_address(binding.pointer)
    values = {"map": binding.pointer, "map values": head.values or 0, "map cpu bytes": head.cpu_bytes}
    return int(values[slot.kind])


@final
class CompiledBound:
    """One run of the code: what one thread uses."""

    def __init__(self, exe: CompiledExecutable, run: NativeRun) -> None:
        self.exe = exe
        self._library = runtime()
        self._pointer = run.pointer
        self._run = Run.from_address(run.pointer)
        # Where the first trap was: function and instruction, below zero for nowhere; the table of its program; the table that the
        # entry takes; and that of the program whose functions are called back.
        self._where = (c_uint64 * 4)(NOWHERE, 0, exe.table_address, exe.table_address)
        self._entry = ENTRY(exe.entry)
        self._programs = exe.programs
        self._library.bpfcc_compiled_bind(run.pointer, exe.call_back, addressof(self._where))

    def run(self, steps: int = DEFAULT_STEPS) -> Result:
        """Begin, enter and end once; raises Trap."""
        library, run = self._library, self._run
        if library.bpfcc_run_begin(self._pointer, steps):
            raise UnsupportedError("maps larger than guest memory", "the maps of the program do not fit the memory of a checked run")
        value = self._entry(self._pointer)
        library.bpfcc_run_end(self._pointer)
        trap = self.trap() if run.trap else None
        if trap is not None:
            raise trap
        return Result(value, steps - run.steps_left if self.exe.checked else None)

    def trap(self) -> Trap | None:
        """What stopped the last run, with instruction and source line."""
        run, where, table = self._run, self._where[0], self._where[1]
        if not run.trap:
            return None
        program = self._programs.get(table) if where >> 63 == 0 else None
        if program is None:
            return make_trap(run.trap, run.trap_address, run.trap_size, module=self.exe.module, function=None, insn=None)
        insn = where & MASK32
        return make_trap(
            run.trap, run.trap_address, run.trap_size, module=program.module, function=program.functions[where >> 32],
            insn=None if insn == MASK32 else insn,
        )  # fmt: skip

    def close(self) -> None:
        """Give the run back."""
        self._library.bpfcc_compiled_unbind(self._pointer, addressof(self._where))

    def __enter__(self) -> CompiledBound:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
