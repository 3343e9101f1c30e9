"""The context: which of its fields a program may read and write, and how.

    v1 = load.4 v0, 0       xdp_md.data, whole: a packet pointer
    v2 = load.2 v0, 0       half of a pointer: refused
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.verifier.checks.problem import Problem, Problems

if TYPE_CHECKING:
    from bpfcc.verifier.checks.access import Span
    from bpfcc.verifier.facts import Ptr
    from bpfcc.verifier.view import View


def check_context(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """An access to the context at a constant offset."""
    around = view.unit.around
    context = around.context
    name = context.name if context is not None else "the context"
    if span.helper:
        problems.append(Problem("V033", f"{{{span.role}}} is the context, not memory", role=span.role))
        return
    low, high = p.offset.smin + span.offset, p.offset.smax + span.offset + span.most
    if context is None:
        problems.append(Problem("V012", "programs of this type have no context", role=span.role))
        return
    if context.variable:
        _check_open(view, p, span, low, high, problems)
        return
    if not p.offset.is_const():
        problems.append(Problem("V012", f"{span.words()}: the offset into {name} is not constant", known=f"an offset in {p.offset}", role=span.role))
        return
    if span.mode == "atomic":
        problems.append(Problem("V026", "an atomic operation on the context", role=span.role))
        return
    _check_field(view, low, span, problems)


def _check_open(view: View, p: Ptr, span: Span, low: int, high: int, problems: Problems) -> None:
    """A context of plain bytes (tracepoints, type raw): within its size, and not before what may be read."""
    context = view.unit.around.context
    assert context is not None
    if low < context.readable_from or high > context.size:
        problems.append(
            Problem("V012", f"{span.words()} may lie outside of the context", required=f"bytes {context.readable_from} to {context.size - 1}", known=f"bytes {low} to {high - 1}", role=span.role)
        )
    elif span.mode != "read" and "*" not in view.unit.around.writable:
        problems.append(Problem("V016", "the context may not be written", role=span.role))
    elif low % span.most and p.offset.is_const() and context.name != "raw":
        problems.append(Problem("V012", f"{span.words()} are not aligned", role=span.role))


def _check_field(view: View, low: int, span: Span, problems: Problems) -> None:
    around = view.unit.around
    context = around.context
    assert context is not None
    field = around.field_at(low, span.most)
    if field is None:
        where = "outside of it" if low < 0 or low + span.most > context.size else "no one field"
        problems.append(Problem("V012", f"bytes {low} to {low + span.most - 1} of {context.name} are {where}", role=span.role))
        return
    if "*" in around.writable:
        return
    writing = span.mode == "write"
    if writing and field.name not in around.writable:
        problems.append(Problem("V016", f"{context.name}.{field.name} may not be written by programs of type {around.type.name}", role=span.role))
    elif not writing and field.name not in around.readable and field.name not in around.writable:
        problems.append(Problem("V012", f"{context.name}.{field.name} may not be read by programs of type {around.type.name}", role=span.role))
    elif field.kind not in ("scalar", "packet_length") and (low != field.offset or span.most != field.size):
        problems.append(Problem("V012", f"{context.name}.{field.name} is an address, read as a whole or not at all", role=span.role))
    elif low % span.most:
        problems.append(Problem("V012", f"{span.words()} are not aligned", role=span.role))
    elif writing and span.most != field.element_size and not _narrow_writes(field.name):
        problems.append(Problem("V016", f"{context.name}.{field.name} is written as a whole or not at all", role=span.role))


def _narrow_writes(name: str) -> bool:
    # __sk_buff.cb is 20 bytes for whatever the program wants.
    return name == "cb"
