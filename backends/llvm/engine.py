"""LLVM behind the back end: text to machine code, machine code to addresses.

    code = compile_text(text)                  an object file for this CPU
    loaded = Loaded(code, 24)                  loaded.entry, loaded.table

llvmlite is imported here and nowhere else, and only when something is compiled. Memory is written first and made executable then: no
page is both at once.
"""

from __future__ import annotations

from ctypes import c_uint64
from functools import lru_cache
from typing import Any, Final, final

from bpfcc.errors import InternalError, UnsupportedError

OPTIMISATION: Final = 3
# Of long programs, whose every block is one of many: they should be ready soon.
LITTLE: Final = 1
LONG_CHARS: Final = 1 << 19


@lru_cache(maxsize=1)
def llvm() -> Any:
    """`llvmlite.binding`, ready for this machine. UnsupportedError where it is not installed."""
    try:
        import llvmlite.binding as found
    except ImportError as error:
        raise UnsupportedError("backend llvm", f"llvmlite cannot be imported ({error}); `pip install llvmlite`") from error
    found.initialize_native_target()
    found.initialize_native_asmprinter()
    return found


@lru_cache(maxsize=2)
def processor(cpu: str) -> tuple[str, str]:
    """LLVM's name of a processor, and what it can do; of `baseline`, what all of the architecture can."""
    binding = llvm()
    if cpu == "host":
        return binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    triple: str = binding.get_process_triple()
    return ("x86-64" if triple.startswith("x86_64") else "generic"), ""


def new_machine(cpu: str, level: int = OPTIMISATION) -> Any:
    """A target machine, for code that may lie anywhere."""
    binding = llvm()
    name, features = processor(cpu)
    target = binding.Target.from_triple(binding.get_process_triple())
    return target.create_target_machine(cpu=name, features=features, opt=level, reloc="pic", codemodel="small", jit=True)


@lru_cache(maxsize=2)
def machine(cpu: str) -> Any:
    """The same, made once."""
    return new_machine(cpu)


def identity(cpu: str) -> tuple[str, ...]:
    """What the code depends on besides the text."""
    binding = llvm()
    version = ".".join(map(str, binding.llvm_version_info))
    return ("llvm", version, binding.get_process_triple(), *processor(cpu), str(OPTIMISATION))


def compile_text(text: str, cpu: str = "host") -> bytes:
    """An object file. InternalError where LLVM refuses the text."""
    code: bytes = machine(cpu).emit_object(optimised(text, cpu))
    return code


def optimised(text: str, cpu: str = "host") -> Any:
    """The module of a text, after the default pipeline of the new pass manager. InternalError where LLVM refuses the text."""
    binding = llvm()
    try:
        module = binding.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise InternalError(f"LLVM refuses what was made for it: {error}") from error
    module.triple = binding.get_process_triple()
    module.data_layout = str(machine(cpu).target_data)
    options = binding.create_pipeline_tuning_options(speed_level=OPTIMISATION if len(text) < LONG_CHARS else LITTLE)
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = options.loop_unrolling = True
    builder = binding.create_pass_builder(machine(cpu), options)
    builder.getModulePassManager().run(module, builder)
    return module


@final
class Loaded:
    """An object file in memory, with a table of `slots` slots. Nothing of it may run any more once it is closed."""

    def __init__(self, code: bytes, slots: int) -> None:
        binding = llvm()
        # Each has an engine of its own, so that its memory goes with it.
        self._engine: Any = binding.create_mcjit_compiler(binding.parse_assembly(""), new_machine("host", 0))
        try:
            self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
            self._engine.finalize_object()
        except RuntimeError as error:
            raise InternalError(f"LLVM cannot load the code that it made: {error}") from error
        self.entry: Final = self.address("bpfcc_entry")
        self.program: Final = self.address("bpfcc_program")
        self.call_back: Final = self.address("bpfcc_call_back")
        self.table: Final = (c_uint64 * slots).from_address(self.address("bpfcc_table"))

    def address(self, name: str) -> int:
        """Where a function, or a variable, is."""
        found: int = self._engine.get_function_address(name) or self._engine.get_global_value_address(name)
        if not found:
            raise InternalError(f"compiled code has no {name}")
        return found

    def close(self) -> None:
        """Free its memory."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
