"""bpfcc: eBPF handlers in C, compiled, lifted to an SSA IR, and run anywhere.

    import bpfcc

    obj = bpfcc.compile("filter.bpf.c")             or bpfcc.load("filter.o"), bpfcc.load(b"\\x7fELF…")
    bpfcc.verify(obj.programs["filter"]).accepted
    with bpfcc.prepare(obj.programs["filter"]) as exe:
        exe.run(packet=frame).return_value

Importing this imports next to nothing; each name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bpfcc.api import assemble, compile, load  # noqa: A004 - the names of the contract
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.diagnostics import Diagnostic, SourcePosition
    from bpfcc.errors import BpfccError, CompileError, InputError, InternalError, RejectedError, Trap, UnsupportedError
    from bpfcc.execution import Executable, prepare
    from bpfcc.prepared import Prepared, Result
    from bpfcc.program import Object, Program
    from bpfcc.runtime.options import RunOptions
    from bpfcc.verification import Verdict, verify
    from bpfcc.verifier.verdict import Finding

__version__ = "0.1.0"

_PLACES: Final = {
    "BpfccError": "bpfcc.errors", "CompileError": "bpfcc.errors", "Diagnostic": "bpfcc.diagnostics", "Executable": "bpfcc.execution",
    "Finding": "bpfcc.verifier.verdict",
    "InputError": "bpfcc.errors", "InternalError": "bpfcc.errors", "MapSpec": "bpfcc.bpfir.module", "Object": "bpfcc.program",
    "Program": "bpfcc.program", "RejectedError": "bpfcc.errors",
    "Prepared": "bpfcc.prepared", "Result": "bpfcc.prepared", "RunOptions": "bpfcc.runtime.options", "SourcePosition": "bpfcc.diagnostics",
    "Trap": "bpfcc.errors", "UnsupportedError": "bpfcc.errors", "assemble": "bpfcc.api", "compile": "bpfcc.api", "load": "bpfcc.api",
    "Verdict": "bpfcc.verification", "prepare": "bpfcc.execution", "verify": "bpfcc.verification",
}  # fmt: skip

__all__ = [
    "BpfccError",
    "CompileError",
    "Diagnostic",
    "Executable",
    "Finding",
    "InputError",
    "InternalError",
    "MapSpec",
    "Object",
    "Prepared",
    "Program",
    "RejectedError",
    "Result",
    "RunOptions",
    "SourcePosition",
    "Trap",
    "UnsupportedError",
    "Verdict",
    "__version__",
    "assemble",
    "compile",
    "load",
    "prepare",
    "verify",
]


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'bpfcc' has no attribute {name!r}")
    value = getattr(import_module(place), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
