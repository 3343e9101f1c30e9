"""The JIT: IR lowered to LLVM, optimised for this CPU, run in this process.

    exe = Llvm().compile(module, environment)
    with exe.bind(run) as bound:
        bound.run().return_value

Proven programs run on host memory as it is. Checked ones (*hardened*) look every access up, count steps as the interpreter does, and
trap where it traps. What was compiled once is kept by content (`Environment.cache`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from bpfcc.backends.base import Capabilities, check_maps
from bpfcc.backends.binding import refuse_big_endian
from bpfcc.backends.compiled import CompiledExecutable
from bpfcc.backends.kept import Made, kept
from bpfcc.backends.llvm.engine import Loaded, compile_text, identity, optimised
from bpfcc.backends.llvm.lower import lower

if TYPE_CHECKING:
    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Module


@final
class Llvm:
    """The back end for speed."""

    capabilities: ClassVar[Capabilities] = Capabilities(jit=True, native_image=False, checked=True, windows=True)

    def compile(self, module: Module, environment: Environment) -> CompiledExecutable:
        """Compile `module`; UnsupportedError where it needs what the environment, or this installation, does not have."""
        refuse_big_endian(module)
        check_maps(module.maps, environment)
        made = kept(module, environment, identity(environment.cpu), lambda: make(module, environment))
        code = Loaded(made.code, len(made.table.slots))
        return CompiledExecutable(module, environment, code, made.table, lambda: lower(module, environment).text)


def make(module: Module, environment: Environment) -> Made:
    """Lower and compile."""
    lowered = lower(module, environment)
    return Made(compile_text(lowered.text, environment.cpu), lowered.table)


def optimised_text(exe: CompiledExecutable) -> str:
    """LLVM's IR after its passes, to be read."""
    return str(optimised(exe.text))
