"""The interpreter: IR lowered to register code, run by a native loop.

    exe = Interpreter().compile(module, environment)
    with exe.bind(run) as bound:
        bound.run().return_value

Checked code may run anything: every access is looked up in the live regions of its run and a step budget holds. Unchecked
code is the same without those tests, for verified programs only.
"""

from __future__ import annotations

import weakref
from ctypes import byref, c_uint64, c_void_p
from typing import TYPE_CHECKING, ClassVar, Final, final

from bpfcc.backends.base import DEFAULT_STEPS, Capabilities, Result, check_maps, make_trap
from bpfcc.backends.binding import refuse_big_endian
from bpfcc.backends.interp.library import CHECKED, RAW, CodeFunction, entry_address, interpreter
from bpfcc.backends.interp.lower import lower
from bpfcc.errors import InternalError, UnsupportedError
from bpfcc.runtime.library import Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from bpfcc.backends.base import Environment, Executable, NativeRun
    from bpfcc.backends.interp.lower import Lowered
    from bpfcc.bpfir.function import Module
    from bpfcc.errors import Trap

MAX_FRAMES: Final = 8


@final
class Interpreter:
    """The back end that runs anything, anywhere."""

    capabilities: ClassVar[Capabilities] = Capabilities(jit=False, native_image=False, checked=True, windows=True)

    def compile(self, module: Module, environment: Environment) -> InterpreterExecutable:
        """Lower `module`; UnsupportedError where it needs what the environment does not have."""
        refuse_big_endian(module)
        check_maps(module.maps, environment)
        return InterpreterExecutable(module, lower(module, environment), checked=environment.checked)


@final
class InterpreterExecutable:
    """Register code in native memory."""

    def __init__(self, module: Module, lowered: Lowered, *, checked: bool) -> None:
        self.module = module
        self.lowered = lowered
        self.checked = checked
        self.targets: list[InterpreterExecutable | None] = []
        self._library = interpreter()
        functions = (CodeFunction * len(lowered.functions))(*(CodeFunction(*fn[1:]) for fn in lowered.functions))
        code = c_void_p()
        flags = (CHECKED if checked else 0) | (RAW if module.type == "raw" else 0)
        count = len(lowered.starts)
        error = self._library.bpfcc_interp_prepare(lowered.words, lowered.starts, count, functions, len(functions), flags, byref(code))
        if error or not code.value:
            raise InternalError(f"the native library refused the code of {module.entry.name} ({error})")
        self.code: int = code.value
        self._free = weakref.finalize(self, self._library.bpfcc_interp_free, self.code)
        self.registers = max(fn.registers for fn in lowered.functions)

    @property
    def entry(self) -> int:
        """Address of the C function that runs the program on a bound run."""
        return entry_address()

    def bind(self, run: NativeRun) -> InterpreterBound:
        """Make `run` one of this program. Close what this returns before the run."""
        if not self.code:
            raise InternalError(f"the code of {self.module.entry.name} is closed")
        return InterpreterBound(self, run)

    def link(self, targets: Sequence[Executable | None]) -> None:
        """The programs that tail calls can enter. UnsupportedError for one of another back end or mode."""
        linked: list[InterpreterExecutable | None] = []
        for target in targets:
            if target is not None and (not isinstance(target, InterpreterExecutable) or target.checked != self.checked):
                raise UnsupportedError("tail calls between back ends")
            linked.append(target)
        self.targets = linked

    def close(self) -> None:
        """Free the code; nothing may be bound any more."""
        self.code = 0
        self._free()


@final
class InterpreterBound:
    """The registers and caches of one thread."""

    def __init__(self, exe: InterpreterExecutable, run: NativeRun) -> None:
        self.exe = exe
        self._library = exe._library
        self._pointer = run.pointer
        self._run = Run.from_address(run.pointer)
        programs = [exe, *(target for target in exe.targets if target is not None)]
        room = MAX_FRAMES * max(program.registers for program in programs)
        self._programs = {program.code: program for program in programs}
        self._thread: int = self._library.bpfcc_interp_thread(exe.code, run.pointer, room) or 0
        if not self._thread:
            raise MemoryError
        self._targets = (c_void_p * max(len(exe.targets), 1))(*(None if t is None else t.code for t in exe.targets))
        self._library.bpfcc_interp_link(self._thread, self._targets, len(exe.targets))

    def run(self, steps: int = DEFAULT_STEPS) -> Result:
        """Begin, enter and end once; raises Trap."""
        library, run = self._library, self._run
        error = library.bpfcc_run_begin(self._pointer, steps)
        if error:
            raise UnsupportedError("maps larger than guest memory", "the maps of the program do not fit the memory of a checked run")
        value = library.bpfcc_interp_enter(self._pointer)
        library.bpfcc_run_end(self._pointer)
        if run.trap:
            trap = self.trap()
            if trap is not None:
                raise trap
        return Result(value, steps - run.steps_left if self.exe.checked else None)

    def trap(self) -> Trap | None:
        """What stopped the last run, with instruction and source line."""
        run = self._run
        if not run.trap:
            return None
        word = c_uint64()
        code = self._library.bpfcc_interp_trapped(self._thread, byref(word))
        program = self._programs.get(code or 0)
        if program is None:
            return make_trap(run.trap, run.trap_address, run.trap_size, module=self.exe.module, function=None, insn=None)
        function, insn = program.lowered.place(word.value)
        module = program.module
        return make_trap(run.trap, run.trap_address, run.trap_size, module=module, function=function, insn=insn if insn >= 0 else None)

    def close(self) -> None:
        """Give the run back."""
        thread, self._thread = self._thread, 0
        self._library.bpfcc_interp_thread_free(thread)

    def __enter__(self) -> InterpreterBound:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
