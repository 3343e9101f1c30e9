"""From a C file or an object to programs that can be looked at or run: the stages, wired together.

source = read_source(Path("filter.bpf.c"))      Source(name="filter.bpf.c", data=b"\\x7fELF…", compiled=True, …)
obj = open_object(source, isolated=True)        frontend.objects.Object
module = lift_bytecode(obj.programs["filter"].bytecode, "xdp")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import Bytecode


def effects() -> EffectsOf:
    """What helpers do to memory, from the platform's tables."""
    from bpfcc.bpfir.effects import no_effects

    return no_effects


def lift_bytecode(code: Bytecode, program_type: str | None) -> Module:
    """The optimised IR of a program: what is run, and what is shown."""
    from bpfcc.bpfir.check import check
    from bpfcc.bpfir.lift import lift
    from bpfcc.bpfir.passes import optimise

    known = effects()
    module = lift(code, type=program_type, effects=known, entry_params=2 if program_type == "raw" else 1)
    optimise(module, known)
    check(module, after="optimise")
    return module


# What the frontend and the IR import only when they need it; a confined child cannot import any more.
LATE_IMPORTS: Final = (
    "bpfcc.frontend.objects", "bpfcc.frontend.core_reloc", "bpfcc.frontend.btf.names", "bpfcc.frontend.btf.store",
    "bpfcc.frontend.elf", "elftools.construct.core", "elftools.elf.structs", "bpfcc.bpfir.printer",
)  # fmt: skip
LATE_IMPORTS_OF_LIFTING: Final = ("bpfcc.bpfir.lift", "bpfcc.bpfir.passes", "bpfcc.bpfir.check", "bpfcc.bpfir.ops")


def warm_up(*, lift: bool) -> None:
    """Import and open everything that reading (and lifting) needs, for a child that cannot."""
    for name in LATE_IMPORTS + (LATE_IMPORTS_OF_LIFTING if lift else ()):
        import_module(name)
    from bpfcc.frontend import sections

    sections.match("xdp")
    if lift:
        effects()
