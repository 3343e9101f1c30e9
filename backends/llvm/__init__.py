"""The JIT: IR lowered to LLVM, optimised for this CPU, run in this process.

    exe = Llvm().compile(module, environment)
    with exe.bind(run) as bound:
        bound.run().return_value

Proven programs run on host memory as it is. Checked ones (*hardened*) look every access up, count steps as the interpreter does, and
trap where it traps. What was compiled once is kept by content (`Environment.cache`).
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, addressof, c_uint64, c_void_p, cast
from typing import TYPE_CHECKING, ClassVar, Final, final

from bpfcc.backends.base import DEFAULT_STEPS, Capabilities, Result, check_maps, make_trap
from bpfcc.backends.binding import refuse_big_endian
from bpfcc.backends.llvm.engine import Loaded, compile_text, optimised
from bpfcc.backends.llvm.library import runtime
from bpfcc.backends.llvm.lower import lower
from bpfcc.errors import InternalError, UnsupportedError
from bpfcc.runtime.library import MapHead, Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from bpfcc.backends.base import Environment, Executable, NativeRun
    from bpfcc.backends.llvm.tables import Slot
    from bpfcc.bpfir.function import Module
    from bpfcc.errors import Trap

ENTRY: Final = CFUNCTYPE(c_uint64, c_void_p)
MASK32: Final = (1 << 32) - 1


@final
class Llvm:
    """The back end for speed."""

    capabilities: ClassVar[Capabilities] = Capabilities(jit=True, native_image=False, checked=True, windows=True)

    def compile(self, module: Module, environment: Environment) -> LlvmExecutable:
        """Compile `module`; UnsupportedError where it needs what the environment, or this installation, does not have."""
        refuse_big_endian(module)
        check_maps(module.maps, environment)
        return LlvmExecutable(module, environment)


@final
class LlvmExecutable:
    """Machine code."""

    def __init__(self, module: Module, environment: Environment) -> None:
        self.module = module
        self.checked = environment.checked
        self.functions: Final = tuple(fn.name for fn in module.functions)
        lowered = lower(module, environment)
        self._text, self._cpu = lowered.text, environment.cpu
        self._loaded = Loaded(compile_text(lowered.text, environment.cpu, environment.cache))
        self._table = self._loaded.table(len(lowered.table.slots))
        values: list[c_uint64 | int] = [*lowered.table.values(lambda slot: find(slot, environment))]
        self._table[:] = values
        self._targets: list[LlvmExecutable | None] = []
        self._addresses = (c_uint64 * 0)()
        self._entry = self._loaded.address("bpfcc_entry")
        self.call_back: Final = self._loaded.address("bpfcc_call_back")
        self.program: Final = self._loaded.address("bpfcc_program")
        self.table_address: Final = addressof(self._table)

    @property
    def entry(self) -> int:
        """Address of the C function that runs the program on a bound run."""
        return self._entry

    @property
    def programs(self) -> dict[int, LlvmExecutable]:
        """This and what its tail calls can enter, by the address of the table."""
        found = {target.table_address: target for target in self._targets if target is not None}
        return {self.table_address: self} | found

    def optimised_text(self) -> str:
        """LLVM's IR after its passes, to be read."""
        return str(optimised(self._text, self._cpu))

    def bind(self, run: NativeRun) -> LlvmBound:
        """Make `run` one of this program. Close what this returns before the run."""
        if not self._entry:
            raise InternalError(f"the code of {self.module.entry.name} is closed")
        return LlvmBound(self, run)

    def link(self, targets: Sequence[Executable | None]) -> None:
        """The programs that tail calls can enter. UnsupportedError for one of another back end or mode."""
        linked: list[LlvmExecutable | None] = []
        for target in targets:
            if target is not None and (not isinstance(target, LlvmExecutable) or target.checked != self.checked):
                raise UnsupportedError("tail calls between back ends")
            linked.append(target)
        self._targets = linked
        self._addresses = (c_uint64 * len(linked))(*(0 if target is None else target.program for target in linked))
        self._table[0] = addressof(self._addresses) if linked else 0
        self._table[1] = len(linked)

    def close(self) -> None:
        """Free the code; nothing may be bound any more."""
        self._entry = 0
        self._loaded.close()


def find(slot: Slot, environment: Environment) -> int:
    """What a slot of the table holds in this process."""
    which = slot.which
    if slot.kind == "runtime":
        return cast(getattr(runtime(), str(which)), c_void_p).value or 0
    number = int(which)
    if slot.kind == "helper":
        return environment.helper_address(number)
    binding = environment.maps[number]
    if slot.kind == "map values" and binding.host_base:
        return binding.host_base
    if not binding.pointer:
        raise InternalError(f"the environment does not say where map {number} is")
    head = MapHead.from_address(binding.pointer)
    values = {"map": binding.pointer, "map values": head.values or 0, "map cpu bytes": head.cpu_bytes}
    return int(values[slot.kind])


@final
class LlvmBound:
    """One run of the code: what one thread uses."""

    def __init__(self, exe: LlvmExecutable, run: NativeRun) -> None:
        self.exe = exe
        self._library = runtime()
        self._pointer = run.pointer
        self._run = Run.from_address(run.pointer)
        # Where the first trap was: function and instruction, below zero for nowhere; and the table of its program.
        self._where = (c_uint64 * 2)(MASK32 << 32 | MASK32, 0)
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
        run, (where, table) = self._run, self._where
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

    def __enter__(self) -> LlvmBound:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
