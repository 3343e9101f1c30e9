"""The codes of findings: stable, each with a class and a title. Prose, examples and remedies are in `bpfcc.verifier.catalogue`.

>>> CODES["V011"].finding_class, CODES["V011"].title
('bounds', 'access outside of the packet')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Code(NamedTuple):
    """A code, the class that levels go by, and what it is called."""

    code: str
    finding_class: str
    title: str


_ROWS: Final = (
    ("V001", "uninit", "a register is read before it was written"),
    ("V002", "uninit-stack", "stack bytes are read before they were written"),
    ("V010", "bounds", "access outside of the stack frame"),
    ("V011", "bounds", "access outside of the packet"),
    ("V012", "context", "access to the context that its layout does not allow"),
    ("V013", "bounds", "access outside of a map value"),
    ("V014", "bounds", "access outside of a memory region"),
    ("V015", "read-only", "write to memory that may only be read"),
    ("V016", "context", "write to a context field that may not be written"),
    ("V017", "alignment", "access that is not aligned as it must be"),
    ("V018", "special-field", "direct access to a lock, timer or kernel pointer in a map value"),
    ("V019", "stale-pointer", "a packet pointer is used after the packet may have moved"),
    ("V020", "null", "a pointer that may be null is used"),
    ("V021", "div-zero", "the divisor can be zero"),
    ("V022", "type", "a number is used as an address"),
    ("V023", "pointer-arithmetic", "arithmetic that makes no sense on a pointer"),
    ("V024", "pointer-leak", "an address gets out of the program"),
    ("V025", "type", "one instruction may access different kinds of memory"),
    ("V026", "type", "an access that this kind of pointer does not allow"),
    ("V029", "no-license", "the object does not say its license"),
    ("V030", "helper", "the platform has no such helper"),
    ("V031", "helper", "the helper is not allowed in this type of program"),
    ("V032", "license", "the helper is for programs under the GPL only"),
    ("V033", "argument", "an argument is not what the function takes"),
    ("V034", "bounds", "a function may access memory outside of what it is given"),
    ("V035", "argument", "a size argument may be zero, negative or too large"),
    ("V036", "map", "the map is of the wrong type for this helper"),
    ("V037", "argument", "an argument must be a constant"),
    ("V038", "helper", "the function may sleep, and this program may not"),
    ("V039", "map", "the map is not known, or its definition does not allow this use"),
    ("V040", "reference", "a reference is not released"),
    ("V041", "reference", "something is released that is not held, or used after its release"),
    ("V042", "reference", "a reference is held where it may not be"),
    ("V045", "lock", "something is done that is not allowed while a spin lock is held"),
    ("V046", "lock", "a lock is released that is not held"),
    ("V047", "lock", "not a spin lock of a map value"),
    ("V050", "return", "the program may return a value out of range"),
    ("V060", "termination", "a loop without a bound"),
    ("V061", "calls", "a function calls itself"),
    ("V062", "stack-depth", "the frames of nested calls are larger than the stack"),
    ("V063", "calls", "calls are nested too deeply"),
    ("V064", "calls", "a tail call that is not allowed here"),
    ("V065", "calls", "a callback that is not one"),
    ("V066", "calls", "the target of a call is not known"),
    ("V067", "kfunc", "a kernel function that is not known or not allowed here"),
    ("V068", "calls", "an argument or result does not fit the prototype of a global function"),
    ("V070", "unresolved", "an instruction is reached that does not exist on this kernel"),
    ("V071", "budget", "the analysis ran out of steps"),
    ("V072", "budget", "the program may execute more instructions than is allowed"),
    ("V075", "unsupported", "a feature that the verifier does not know"),
)  # fmt: skip

CODES: Final[Mapping[str, Code]] = {row[0]: Code(*row) for row in _ROWS}
CLASSES: Final = tuple(dict.fromkeys(row[1] for row in _ROWS))
# Where a platform's table does not say otherwise, a class is an error; lints are what real programs may do under root.
LINT_CLASSES: Final = frozenset({"uninit-stack", "pointer-leak", "div-zero", "no-license"})
