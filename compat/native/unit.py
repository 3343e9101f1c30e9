"""One program as C for eBPF for Windows: how its functions reach helpers, maps and global variables.

    r0 = helper 1(map 0, key)          runtime_context->helper_data[0].address(runtime_context->map_data[0].address, …, context)
    global variable                    runtime_context->global_variable_section_data[0].address_of_map_value + 8

Such programs have been proven: nothing in them traps, and what this host has no way to do is refused before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.aot.emit import Shared, Unit, named_in, words_text
from bpfcc.backends.aot.expressions import Expr
from bpfcc.backends.aot.operations import index_array
from bpfcc.backends.binding import refuse_extern_call
from bpfcc.bpfir.ops import CallExtern, CallIndirect, FuncAddr, PacketLoad
from bpfcc.errors import InternalError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.backends.aot.emit import Part
    from bpfcc.backends.aot.function import FunctionWriter
    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Call, MapAddr, Op
    from bpfcc.runtime.specs.kfuncs import Kfunc

HEADER: Final = "bpfcc_windows.h"
DRIVER: Final = "bpfcc_driver.h"
# What the module's own text is called, and what Windows' headers make of words that programs use.
OURS: Final = frozenset((
    "context", "runtime_context", "chained", "array_index", "frame", "frame_words", "module_programs", "module_maps", "elf_hash",
    "initial_values", "global_variables", "get_programs", "get_maps", "get_hash", "get_version", "get_map_initial_values",
    "get_global_variable_sections", "get_metadata_table", "bpfcc_record", "DllMain", "DriverEntry",
))  # fmt: skip
MACROS: Final = frozenset((
    "far", "near", "pascal", "cdecl", "interface", "small", "hyper", "min", "max", "IN", "OUT", "OPTIONAL", "CONST", "VOID", "CALLBACK",
    "WINAPI", "APIENTRY", "FAR", "NEAR", "ERROR", "DELETE", "TRUE", "FALSE", "STRICT", "UNALIGNED", "THIS", "INFINITE", "Yield",
    "IMMEDIATE", "OFFSET", "POINTER", "MAX_PATH", "UNREFERENCED_PARAMETER", "FIELD_OFFSET", "CONTAINING_RECORD", "InterfaceClass",
))  # fmt: skip
REFUSED: Final[Mapping[type[Op], tuple[str, str]]] = {
    PacketLoad: ("packet loads of the old kind (LD_ABS, LD_IND)", "read the packet through the context's data pointers"),
    CallIndirect: ("calls through a register (callx)", "call the function by its name"),
    FuncAddr: ("functions as arguments of helpers", "Windows has no helper that calls back; write the loop itself"),
}


# A call of a helper as a register, by what it returns.
WHOLE: Final = {"": "{}", "int32": "sext32({})", "uint32": "(uint64_t)(uint32_t){}"}
NO_RESULTS: Final[Mapping[int, str]] = MappingProxyType({})


@cache
def own_text(name: str) -> str:
    """A file of this package."""
    return (files("bpfcc.compat.native") / name).read_text(encoding="utf-8")


@cache
def reserved_names() -> frozenset[str]:
    """Identifiers that programs cannot have."""
    return named_in(own_text(HEADER) + words_text() + own_text(DRIVER)) | OURS | MACROS


def refuse_foreign(module: Module, functions: Sequence[Kfunc]) -> None:
    """UnsupportedError for a module with what native images have no way to do; `functions` of other modules are there."""
    for fn in module.functions:
        for op in fn.ops():
            found = REFUSED.get(type(op))
            if found is not None:
                message = f"native images have no {found[0]}: {found[1]}"
                raise UnsupportedError(found[0], message, insn=op.insn)
    for extern in module.externs:
        if not extern.weak and all(each.name != extern.name for each in functions):
            raise UnsupportedError(f"{extern.kind} {extern.name}", f"{extern.name} is part of the Linux kernel ({extern.kind})")


def is_global_data(shared: Shared, at: int) -> bool:
    """Whether a map of the file is a section of global variables."""
    return shared.maps[at].initial is not None


@final
class WindowsUnit(Unit):
    """A program for eBPF for Windows."""

    traps = False
    # No name of the program is one of Windows'.
    prefix = "bpf_"

    def __init__(
        self, part: Part, environment: Environment, shared: Shared, *, alone: bool, functions: Sequence[Kfunc] = (),
        results: Mapping[int, str] = NO_RESULTS,
    ) -> None:  # fmt: skip
        """`functions` of other modules, in the order of the loader's table; `results`: what helpers return that is no whole register."""
        if environment.checked:
            raise InternalError("native images are of proven programs only")
        refuse_foreign(part.module, functions)
        self.numbers = {each.name: at for at, each in enumerate(functions)}
        self.results = results
        # In the order of their first use, which is that of the loader's table.
        self.helpers: list[int] = []
        super().__init__(part, environment, shared, alone=alone)

    def reserved(self) -> frozenset[str]:
        """Names that variables cannot have."""
        return reserved_names()

    # ---- what the loader fills in

    def slot(self, kind: str, which: str | int) -> str:
        """What the runtime context holds, as C."""
        number = int(which) if isinstance(which, int) else 0
        match kind:
            case "helper":
                if number not in self.helpers:
                    self.helpers.append(number)
                return f"runtime_context->helper_data[{self.helpers.index(number)}].address"
            case "map handle":
                return f"runtime_context->map_data[{self.maps[number]}].address"
            case "map values":
                return self._values(self.maps[number])
            case _:
                raise InternalError(f"native images have no {kind!r}")

    def _values(self, at: int) -> str:
        spec = self.shared.maps[at]
        if is_global_data(self.shared, at):
            section = sum(is_global_data(self.shared, before) for before in range(at))
            return f"runtime_context->global_variable_section_data[{section}].address_of_map_value"
        if spec.type != "array":
            raise UnsupportedError(f"the value of map {spec.name!r} as an address")
        return f"runtime_context->map_data[{at}].array_data"

    def array_shape(self, index: int) -> tuple[int, int]:
        """Windows lays values out without gaps."""
        spec = self.module.maps[index]
        return spec.value_size, spec.max_entries

    def helper_call(self, helper: int, args: str) -> str:
        """A call of a helper: the sixth argument is the program's context, whatever the helper takes.

        What is not a whole register is made one: compilers leave anything above an `int` that a function returns.
        """
        return WHOLE[self.results.get(helper, "")].format(f"{self.slot('helper', helper)}({args}, context)")

    def extern_call(self, op: CallExtern, args: str) -> str:
        """A call of another module's function, as of a helper."""
        at = self.numbers.get(self.module.externs[op.extern].name)
        if at is None:
            refuse_extern_call(self.module, op)
        return f"runtime_context->btf_resolved_function_data[{at}].address({args}, context)"

    def tail_call(self, w: FunctionWriter, op: Call, text: str) -> None:
        """The helper notes which program comes next, and it runs when this one has returned; a failure is a result like others."""
        if w.index:
            raise UnsupportedError("a tail call in a function that is called", insn=op.insn)
        w.temporary("chained", "uint64_t ")
        w.put(f"chained = {text};", op.insn)
        w.put("if (chained == 0)\n    return 0;", op.insn)
        w.assign(op.result, Expr("chained", 64), op.insn)

    def lookup(self, w: FunctionWriter, op: Call, found: MapAddr) -> bool:
        """Arrays are indexed here; every other map is the helper's."""
        at = self.maps[found.map]
        if self.shared.maps[at].type != "array":
            return False
        index_array(w, op, found, lambda: f"runtime_context->map_data[{at}].array_data")
        return True

    # ---- signatures

    def start_pointer(self, at: int) -> str:
        """The program's own parameter as a pointer."""
        return "(uint8_t *)context" if at == 0 else "NULL"

    def start_numbers(self, fn: Function, used: Sequence[str]) -> list[str]:
        """The context as a number, where it is used so."""
        return [f"uint64_t {name} = address_of(context);" for name in used] if fn is self.module.entry else []

    def parameter_names(self, fn: Function, given: list[tuple[str, bool]]) -> list[str]:
        """Of its C function, what it may leave unused."""
        return ["context", "runtime_context", *([] if fn is self.module.entry else [name for name, _ in given])]

    def signature(self, fn: Function, given: list[tuple[str, bool]]) -> str:
        """The head of its C function."""
        words = [f"uint8_t *{name}" if pointer else f"uint64_t {name}" for name, pointer in given]
        shared = ["void *context", "const program_runtime_context_t *runtime_context"]
        return f"static uint64_t {self.c_names[fn.name]}({', '.join(shared if fn is self.module.entry else [*shared, *words])})"

    def call_text(self, fn: Function, given: Sequence[str]) -> str:
        """A call of it, in a frame of its own."""
        return f"{self.c_names[fn.name]}({', '.join(['context', 'runtime_context', *given])})"
