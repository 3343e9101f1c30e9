"""The context: what the platform lets programs of a type read and write.

v1 = load.4 v0, 0       xdp_md.data, whole: a packet pointer
v2 = load.2 v0, 0       half of a pointer: refused
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bpfcc.verifier.checks.problem import Problem, Problems

if TYPE_CHECKING:
    from bpfcc.runtime.specs import Platform
    from bpfcc.runtime.specs.access import ContextAccess
    from bpfcc.verifier.checks.access import Span
    from bpfcc.verifier.facts import Ptr
    from bpfcc.verifier.view import View

WORD_BYTES: Final = 8


@lru_cache(4096)
def _access(platform: Platform, program: str, attach: str | None, offset: int, size: int, *, write: bool) -> ContextAccess:
    return platform.access(program, attach, offset, size, write=write)


def check_context(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """An access to the context."""
    around = view.unit.around
    context = around.context
    name = context.name if context is not None else "the context"
    if span.helper:
        problems.append(Problem("V033", f"{{{span.role}}} is the context, not memory", role=span.role))
    elif context is None:
        problems.append(Problem("V012", "programs of this type have no context", role=span.role))
    elif context.variable:
        low, high = p.offset.smin + span.offset, p.offset.smax + span.offset + span.most
        _check_open(view, p, span, low, high, problems)
    elif not p.offset.is_const():
        problems.append(
            Problem("V012", f"{span.words()}: the offset into {name} is not constant", known=f"an offset in {p.offset}", role=span.role)
        )
    elif span.mode == "atomic":
        problems.append(Problem("V026", "an atomic operation on the context", role=span.role))
    elif around.arguments is not None:
        _check_argument(view, p.offset.smin + span.offset, span, problems)
    else:
        _check_field(view, p.offset.smin + span.offset, span, problems)


def _check_open(view: View, p: Ptr, span: Span, low: int, high: int, problems: Problems) -> None:
    """A context of plain bytes (tracepoints, type raw): within its size, and not before what may be read."""
    context = view.unit.around.context
    if context is None:
        return
    if low < context.readable_from or high > context.size:
        required = f"bytes {context.readable_from} to {context.size - 1}"
        what, known = f"{span.words()} may lie outside of the context", f"bytes {low} to {high - 1}"
        problems.append(Problem("V012", what, required=required, known=known, role=span.role))
    elif span.mode != "read" and "*" not in view.unit.around.writable:
        problems.append(Problem("V016", "the context may not be written", role=span.role))
    elif low % span.most and p.offset.is_const() and context.name != "raw":
        problems.append(Problem("V012", f"{span.words()} are not aligned", role=span.role))


def _check_argument(view: View, low: int, span: Span, problems: Problems) -> None:
    """The arguments of what a program is attached to, one in each 8 bytes (`btf_ctx_access`)."""
    arguments = view.unit.around.arguments
    if arguments is None:
        return
    index = low // WORD_BYTES
    target = view.unit.around.request.attach_target or "what it is attached to"
    if span.mode != "read":
        problems.append(Problem("V016", "the arguments of what a program is attached to may not be written", role=span.role))
    elif low % WORD_BYTES:
        problems.append(Problem("V012", f"{span.words()}: arguments begin at multiples of 8 bytes", role=span.role))
    elif not 0 <= index < len(arguments):
        problems.append(Problem("V012", f"{target} has no argument {index + 1}", known=f"it has {len(arguments)}", role=span.role))
    elif arguments[index] is None:
        problems.append(Problem("V012", f"argument {index + 1} of {target} may not be read", role=span.role))
    elif span.most != WORD_BYTES and not isinstance(arguments[index], int):
        problems.append(Problem("V012", f"argument {index + 1} of {target} is an address, read as a whole or not at all", role=span.role))


def _check_field(view: View, low: int, span: Span, problems: Problems) -> None:
    around = view.unit.around
    context = around.context
    if context is None:
        return
    writing = span.mode == "write"
    found = _access(around.platform, around.request.type, around.request.attach_type, low, span.most, write=writing)
    if found.allowed:
        return
    place = f"bytes {low} to {low + span.most - 1} of {context.name}"
    name = f"{context.name}.{found.field.name}" if found.field is not None else place
    kind = around.type.name
    match found.why:
        case "not writable":
            problems.append(Problem("V016", f"{name} may not be written by programs of type {kind}", role=span.role))
        case "width" if writing:
            problems.append(Problem("V016", f"{name} is not written in this part of it", known=f"the access is to {place}", role=span.role))
        case "width" if found.field is not None and found.field.kind not in ("scalar", "packet_length"):
            problems.append(Problem("V012", f"{name} is an address, read as a whole or not at all", role=span.role))
        case "width":
            problems.append(Problem("V012", f"{name} is not read in this part of it", known=f"the access is to {place}", role=span.role))
        case "not readable":
            problems.append(Problem("V012", f"{name} may not be read by programs of type {kind}", role=span.role))
        case why:
            problems.append(Problem("V012", f"{place} are {'outside of it' if why == 'outside' else 'no one field'}", role=span.role))
