"""Memory: every access lies in memory that is alive, of one kind, and long enough.

    v3 = load.8 v1, 6       v1 = packet+14:  0 <= 14 + 6  and  14 + 6 + 8 <= data_end - data

`check_access` is for loads and stores, `check_range` for memory that a helper is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from bpfcc.bpfir.ops import Load, LoadAcquire, Op, Operand, Store, StoreRelease, Value
from bpfcc.bpfir.renamed import renamed
from bpfcc.verifier.checks.context import check_context
from bpfcc.verifier.checks.objects import check_kernel, check_sock
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import MAX_OFFSET, Ptr, number_of, pointers_of
from bpfcc.verifier.goals import Aligned, NotIn, NotNumber, Within
from bpfcc.verifier.handles import is_lent, is_slice, overlapping
from bpfcc.verifier.linear import Sum, add
from bpfcc.verifier.transfer import epoch_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.ops import Atomic, AtomicFetch, CompareExchange
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View

    Access = Load | Store | LoadAcquire | StoreRelease | Atomic | AtomicFetch | CompareExchange

Mode = Literal["read", "write", "atomic"]
# Types whose programs may read the packet directly, and not write it (kernel/bpf/verifier.c, may_access_direct_pkt_data).
# Accesses through these are rewritten for what they are to.
REWRITTEN: Final = frozenset({"ctx", "sock", "btf"})
# Where atomic operations and ordered loads and stores are not allowed (`atomic_ptr_type_ok`).
NOT_ORDERED: Final = frozenset({"ctx", "sock", "packet", "meta"})
BOUNDS_CODES: Final = {"frame": "V010", "packet": "V011", "meta": "V011", "map_value": "V013", "mem": "V014", "ctx": "V012"}
NEAR_NULL: Final = 1 << 16
WRITE_ONLY_FLAG: Final = 0x100
READ_ONLY_PACKET: Final = frozenset({"lwt_in", "lwt_out", "lwt_seg6local", "sk_reuseport", "flow_dissector", "cgroup_skb"})


class Span(NamedTuple):
    """Bytes that are accessed: from `offset` after an address, `size` of them (a number, or a sum: of the operand `amount`)."""

    offset: int
    least: int
    most: int
    size: Sum
    mode: Mode
    helper: bool = False
    role: Role = "base"
    amount: Operand | None = None
    # Whatever is kept there is replaced by something of the kind.
    renews: bool = False
    # An acquiring load or a releasing store.
    ordered: bool = False

    def words(self) -> str:
        """For messages."""
        count = f"{self.most} byte{'s' if self.most != 1 else ''}" if self.least == self.most else f"{self.least} to {self.most} bytes"
        place = f"{{{self.role}}}"
        if self.offset:
            place += f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        return f"{count} at {place}"


def check_access(view: View, op: Access, problems: Problems) -> None:
    """A load, a store or an atomic operation."""
    mode: Mode = "read" if isinstance(op, (Load, LoadAcquire)) else "write" if isinstance(op, (Store, StoreRelease)) else "atomic"
    ordered = isinstance(op, (LoadAcquire, StoreRelease))
    span = Span(op.offset, op.size_bytes, op.size_bytes, Sum((), op.size_bytes), mode, ordered=ordered)
    check_span(view, op, op.base, span, problems)


def check_span(view: View, op: Op, base: Operand, span: Span, problems: Problems) -> None:
    """Every alternative of the address."""
    fact = view.known(base)
    found = pointers_of(fact)
    num = number_of(fact)
    if _mixed(found, span, problems):
        return
    if num is not None and not (found and view.suppose(NotNumber(base))):
        _number(num, found, span, problems)
    for p in found:
        before = len(problems)
        _check_pointer(view, op, base, p, span, problems)
        if len(problems) > before:
            if any(problem.code != "V002" for problem in problems[before:]) and view.suppose(NotIn(base, p.region)):
                del problems[before:]
                continue
            return


def _mixed(found: tuple[Ptr, ...], span: Span, problems: Problems) -> bool:
    """Whether one instruction would have to access things that are accessed in different ways."""
    kinds = {p.region.kind for p in found}
    if len(kinds) < 2 or not kinds & REWRITTEN:
        return False
    names = " or ".join(sorted({str(p.region) for p in found}))
    problems.append(Problem("V025", f"{{{span.role}}} points to {names}, depending on the path", role=span.role))
    return True


def _number(num: Scalar, found: tuple[Ptr, ...], span: Span, problems: Problems) -> None:
    # What is added to null is a small number.
    if num.umax == 0 or (found and num.umax < NEAR_NULL):
        what = " or ".join(sorted({str(p.region) for p in found})) or "nothing"
        known = f"{{{span.role}}} is 0 or points to {what}" if found else f"{{{span.role}}} is 0"
        problems.append(
            Problem(
                "V020", f"{{{span.role}}} may be null", required=f"an address of {what}", known=known,
                role=span.role, suggestion=f"if (!{{{span.role}}}) return 0;",
            )
        )  # fmt: skip
    elif found:
        what = " or ".join(sorted({str(p.region) for p in found}))
        problems.append(
            Problem(
                "V022",
                f"{{{span.role}}} is an address on some paths and a number on others",
                known=f"a number {num}, or {what}",
                role=span.role,
            )
        )
    else:
        problems.append(Problem("V022", f"{{{span.role}}} is a number, not an address", known=f"{{{span.role}}} is {num}", role=span.role))


def _check_pointer(view: View, op: Op, base: Operand, p: Ptr, span: Span, problems: Problems) -> None:
    kind = p.region.kind
    near = p.offset.smin + span.offset >= -MAX_OFFSET and p.offset.smax + span.offset <= MAX_OFFSET
    if not near and kind in BOUNDS_CODES and not _supposed(view, base, p, span):
        code = "V034" if span.helper and kind != "ctx" else BOUNDS_CODES[kind]
        what, known = f"{span.words()}: the offset is not bounded", f"the offset of {{{span.role}}} is {p.offset}"
        problems.append(Problem(code, what, required=f"an offset inside of {p.region}", known=known, role=span.role))
        return
    if span.ordered and kind in NOT_ORDERED:
        problems.append(Problem("V026", f"an ordered access to {p.region}", role=span.role))
    elif kind == "frame":
        _check_frame(view, op, base, p, span, problems)
    elif kind in ("packet", "meta"):
        _check_packet(view, op, base, p, span, problems)
    elif kind == "map_value":
        _check_map_value(view, op, base, p, span, problems)
    elif kind == "mem":
        _check_memory(view, op, base, p, span, problems)
    elif kind == "ctx":
        check_context(view, p, span, problems)
    elif kind == "sock":
        _check_held(view, p, span, problems)
        check_sock(view, p, span, problems)
    elif kind == "btf":
        _check_held(view, p, span, problems)
        check_kernel(view, p, span, problems)
    elif kind == "unknown":
        problems.append(Problem("V022", f"nothing is known of the address {{{span.role}}}", role=span.role, cause="analysis-limit"))
    else:
        problems.append(Problem("V026", f"{p.region} is no memory that a program may access", role=span.role))


# ---- ranges -----------------------------------------------------------------------------------------------------------


def offset_sum(view: View, base: Operand, p: Ptr) -> Sum | None:
    """The offset in the region as a sum: the address less the one term that is the region's."""
    found = view.linear.of(base)
    for symbol, coefficient in found.terms:
        value = view.linear.values.get(symbol)
        if coefficient != 1 or value is None:
            continue
        fact = view.known(value)
        roots = pointers_of(fact)
        if len(roots) == 1 and number_of(fact) is None and roots[0].region is p.region and roots[0].offset.is_const():
            rest = tuple(t for t in found.terms if t[0] != symbol)
            return Sum(rest, found.constant + roots[0].offset.smin)
    return None


def _goal(base: Operand, p: Ptr, span: Span) -> Within | None:
    """What has to hold of an access to such a region, None where it is more than bounds."""
    region = p.region
    size = span.most if span.amount is None else span.amount
    if region.kind == "frame":
        return Within(base, region, span.offset, size, region.site, region.site + region.size)
    if region.kind in ("packet", "meta"):
        return Within(base, region, span.offset, size)
    return Within(base, region, span.offset, size, 0, region.size) if region.kind in ("map_value", "mem") else None


def _supposed(view: View, base: Operand, p: Ptr, span: Span) -> bool:
    """Whether the bounds may be taken for granted here, as somebody else proves them."""
    goal = _goal(base, p, span) if view.supposes else None
    return goal is not None and view.suppose(goal)


def _inside(p: Ptr, span: Span, low: int, high: int) -> Ptr:
    """The same address, where the span is known to lie in [low, high)."""
    first, last = low - span.offset, high - span.offset - span.least
    offset = sc.meet(p.offset, sc.srange(first, last)) if first <= last else None
    return p if offset is None else Ptr(p.region, offset)


def within(view: View, base: Operand, p: Ptr, span: Span, low: int, high: int) -> bool:
    """Whether the span lies in [low, high) of the region, whatever path and iteration it is."""
    return _within(view, base, p, span, low, high) or _supposed(view, base, p, span)


def _within(view: View, base: Operand, p: Ptr, span: Span, low: int, high: int) -> bool:
    start, end = p.offset.smin + span.offset, p.offset.smax + span.offset + span.most
    if low <= start and end <= high:
        return True
    where = offset_sum(view, base, p)
    if where is None:
        return False
    begin = Sum(where.terms, where.constant + span.offset)
    above = low <= start or view.at_least_zero(add(begin, Sum((), low), -1))
    return above and (end <= high or view.at_least_zero(add(add(Sum((), high), begin, -1), span.size, -1)))


def _outside(code: str, p: Ptr, span: Span, limit: str, problems: Problems) -> None:
    low, high = p.offset.smin + span.offset, p.offset.smax + span.offset + span.most
    where = f"bytes {low} to {high - 1}" if p.offset.is_const() else f"bytes from {low} up to {high - 1}"
    what, known = f"{span.words()} may lie outside of {p.region}", f"{where} of {p.region}"
    problems.append(Problem("V034" if span.helper else code, what, required=limit, known=known, role=span.role))


def _check_frame(view: View, op: Op, base: Operand, p: Ptr, span: Span, problems: Problems) -> None:
    chain = view.unit.chain_of(op)
    own = p.region.type
    if chain[: len(own)] != own:
        problems.append(Problem("V010", f"{{{span.role}}} points into the frame of a function that has returned", role=span.role))
        return
    low = p.region.site
    if not within(view, base, p, span, low, low + p.region.size):
        shown = Ptr(p.region, sc.alu("sub", 64, p.offset, sc.const((low + p.region.size) & ((1 << 64) - 1))))
        _outside("V010", shown, span, f"bytes -{p.region.size} to -1 from the top of the frame", problems)
        return
    p = _inside(p, span, low, low + p.region.size)
    if not span.helper and _unaligned(p, span) and not view.suppose(Aligned(base, p.region, span.offset, span.most)):
        required = "the stack is accessed at multiples of the access's size"
        problems.append(
            Problem(
                "V017",
                f"{span.words()} are not aligned to {span.most} bytes",
                required=required,
                known=f"the offset is {p.offset}",
                role=span.role,
            )
        )
        return
    if (
        view.state.dynptrs
        and not span.renews
        and (span.helper or span.mode != "write")
        and overlapping(view, view.state, _touched(view, p, span))
    ):
        what = "lie in" if span.mode == "read" else "reach into"
        problems.append(
            Problem("V034" if span.helper else "V018", f"{span.words()} {what} a dynptr or iterator on the stack", role=span.role)
        )
    elif span.mode != "write":
        check_written(view, p, span, problems)


def _touched(view: View, p: Ptr, span: Span) -> int:
    from bpfcc.verifier.steps import bits

    return bits(view, p.offset.smin + span.offset, p.offset.smax + span.offset + span.most)


def check_written(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """Stack bytes that are read were written."""
    wanted = _touched(view, p, span)
    missing = wanted & ~view.state.init
    if missing:
        top = view.unit.fn.frame_bytes + p.region.site + p.region.size
        first = (missing & -missing).bit_length() - 1 - top
        count = missing.bit_count()
        problems.append(
            Problem(
                "V002",
                f"{span.words()}: {count} of them may not have been written",
                known=f"the first is at {first} from the top of the frame",
                role=span.role,
            )
        )


def _check_packet(view: View, op: Op, base: Operand, p: Ptr, span: Span, problems: Problems) -> None:
    region = p.region
    option = region.name == "the option's value"
    if not option and region.epoch != epoch_at(view.unit, op):
        problems.append(
            Problem(
                "V019",
                f"{{{span.role}}} was made before a call that may move the packet",
                role=span.role,
                suggestion="read data and data_end again after the call, and check again",
            )
        )
        return
    if span.mode == "atomic":
        problems.append(Problem("V026", "an atomic operation on the packet", role=span.role))
        return
    if span.mode == "write" and view.unit.around.type.name in READ_ONLY_PACKET:
        problems.append(Problem("V015", "programs of this type may not write the packet", role=span.role))
        return
    start, end = view.linear.limits(region)
    own = view.linear.of(base)
    begin = Sum(own.terms, own.constant + span.offset)
    above = p.offset.smin + span.offset >= 0 or view.at_least_zero(add(begin, Sum(((start, 1),), 0), -1))
    below = view.at_least_zero(add(add(Sum(((end, 1),), 0), begin, -1), span.size, -1)) or _below_constant(
        view, region, p, span, start, end
    )
    if (above and below) or _supposed(view, base, p, span):
        return
    limit = "data_end" if region.kind == "packet" else "data"
    needed = (
        f"{{{span.role}}} + {span.offset + span.most} <= {limit} on every path to this line"
        if above
        else f"{{{span.role}}} is not below the start"
    )
    known = f"{{{span.role}}} is {region} + {p.offset}; {_proven(view, region)}"
    problems.append(
        Problem(
            "V034" if span.helper else "V011", f"{span.words()} may lie outside of {region}", required=needed, known=known,
            role=span.role, suggestion=f"if ((void *)({{{span.role}}}) + {span.offset + span.most} > {limit}) return 0;" if above else None,
        )
    )  # fmt: skip


def _below_constant(view: View, region: object, p: Ptr, span: Span, start: int, end: int) -> bool:
    """The packet is known to be longer than the highest offset."""
    del region
    return view.at_least_zero(Sum(tuple(sorted(((end, 1), (start, -1)))), -(p.offset.smax + span.offset + span.most)))


def _proven(view: View, region: object) -> str:
    start, end = view.linear.limits(region)  # type: ignore[arg-type]
    bound = view.state.lower.get(tuple(sorted(((end, 1), (start, -1)))))
    return f"the packet is known to have {bound} bytes" if bound is not None and bound > 0 else "nothing is known of the packet's length"


def _check_map_value(view: View, op: Op, base: Operand, p: Ptr, span: Span, problems: Problems) -> None:
    region = p.region
    if not within(view, base, p, span, 0, region.size):
        _outside("V013", p, span, f"bytes 0 to {region.size - 1}", problems)
        return
    p = _inside(p, span, 0, region.size)
    if span.mode != "read" and region.read_only:
        problems.append(Problem("V015", f"{region} may only be read", role=span.role))
        return
    if span.mode != "write" and region.map is not None and region.map.flags & WRITE_ONLY_FLAG:
        problems.append(Problem("V039", f"{region} may only be written (BPF_F_WRONLY_PROG)", role=span.role))
        return
    fields = view.unit.around.map_fields(region.map) if region.map is not None else None
    if fields is not None and fields.fields:
        _check_special(p, span, fields.fields, problems)
    if span.mode == "atomic" or span.ordered:
        if view.unit.around.platform.packed_arrays and _is_askew(region, span.most):
            _report_askew(region, span, problems)
        else:
            _check_aligned(view, base, p, span, problems)
    del op


def _is_askew(region: Region, size: int) -> bool:
    """Whether not every value of the array begins at a multiple of that size, where they lie side by side."""
    spec = region.map
    return spec is not None and spec.type == "array" and spec.max_entries > 1 and spec.value_size % size != 0


def _report_askew(region: Region, span: Span, problems: Problems) -> None:
    size = region.map.value_size if region.map is not None else 0
    problems.append(
        Problem(
            "V017",
            f"an atomic operation on {span.words()} that may not be aligned: values of {size} bytes lie side by side",
            known=f"{{{span.role}}} points into {region}",
            role=span.role,
            suggestion=f"pad the values to a multiple of {span.most} bytes",
        )
    )


def _check_special(p: Ptr, span: Span, fields: Mapping[int, tuple[str, int]], problems: Problems) -> None:
    low, high = p.offset.smin + span.offset, p.offset.smax + span.offset + span.most
    for offset, (kind, size) in fields.items():
        if offset < high and low < offset + size:
            whole = p.offset.is_const() and low == offset and span.most == size and span.mode == "read" and not span.helper
            if not (kind.startswith("kptr") and whole):
                problems.append(Problem("V018", f"{span.words()} touch a {kind} of the map's value", role=span.role))
                return


def _unaligned(p: Ptr, span: Span) -> bool:
    offset = sc.alu("add", 64, p.offset, sc.const(span.offset & ((1 << 64) - 1)))
    return bool((offset.value | offset.mask) & (span.most - 1))


def _check_aligned(view: View, base: Operand, p: Ptr, span: Span, problems: Problems) -> None:
    if _unaligned(p, span) and not view.suppose(Aligned(base, p.region, span.offset, span.most)):
        problems.append(Problem("V017", f"an atomic operation on {span.words()} that may not be aligned", role=span.role))


def _check_memory(view: View, op: Op, base: Operand, p: Ptr, span: Span, problems: Problems) -> None:
    region = p.region
    before = len(problems)
    _check_held(view, p, span, problems)
    if len(problems) > before:
        return
    length = region.type if type(region.type) is Value else None
    if not (within(view, base, p, span, 0, region.size) if length is None else _below_length(view, op, base, p, span, length)):
        _outside("V014", p, span, f"bytes 0 to {region.size - 1}" if length is None else "as many bytes as r2 says", problems)
    elif span.mode != "read" and region.read_only:
        problems.append(Problem("V015", f"{region} may only be read", role=span.role))
    elif span.mode == "atomic" or span.ordered:
        _check_aligned(view, base, p, span, problems)


def _below_length(view: View, op: Op, base: Operand, p: Ptr, span: Span, length: Value) -> bool:
    """Whether the span lies in memory whose length is a parameter of the function (programs of type `raw`)."""
    if p.offset.smin + span.offset >= 0 and p.offset.smax + span.offset + span.most <= _tested(view, op, length).umin:
        return True
    where = offset_sum(view, base, p)
    if where is None:
        return False
    begin = Sum(where.terms, where.constant + span.offset)
    above = p.offset.smin + span.offset >= 0 or view.at_least_zero(begin)
    return above and view.at_least_zero(add(add(view.linear.of(length), begin, -1), span.size, -1))


def _tested(view: View, op: Op, parameter: Value) -> Scalar:
    """What is known of a parameter of the function, which is a number, by the tests on the way to `op`."""
    unit, here = view.unit, view.unit.block_of.get(op)
    known = number_of(view.known(parameter))
    found = sc.TOP if known is None else known
    for target, branch, first in unit.tested.get(parameter, ()):
        if here is not None and unit.dominators.dominates(target, here):
            left, right = (found if renamed(each) is parameter else number_of(view.known(each)) for each in (branch.lhs, branch.rhs))
            if left is not None and right is not None and not (pointers_of(view.known(branch.lhs)) or pointers_of(view.known(branch.rhs))):
                pair = sc.refine(branch.kind, branch.width_bits, first, left, right)
                found = found if pair is None else pair[0] if renamed(branch.lhs) is parameter else pair[1]
    return found


def _check_held(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    ref = p.region.ref
    if ref is not None and ref not in view.state.must and not is_lent(view.state, ref):
        what = "may have been released" if ref in view.state.may else "is not there any more" if is_slice(ref) else "was released"
        problems.append(Problem("V041", f"{p.region} {what} before this use", role=span.role))


__all__ = ["Span", "check_access", "check_span", "check_written", "offset_sum", "within"]
