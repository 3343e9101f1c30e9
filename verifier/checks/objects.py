"""Sockets and kernel objects: their fields are read, nothing is written.

    v5 = load.4 v4, 4       bpf_sock.family
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.verifier.checks.problem import Problem, Problems

if TYPE_CHECKING:
    from bpfcc.verifier.checks.access import Span
    from bpfcc.verifier.facts import Ptr
    from bpfcc.verifier.view import View

# Sizes of what has no table: struct bpf_tcp_sock, struct bpf_xdp_sock (uapi/linux/bpf.h).
SIZES: Final = {"tcp_sock": 112, "xdp_sock": 4}
# Fields of struct bpf_sock that sock_common has as well (net/core/filter.c, bpf_sock_common_is_valid_access).
COMMON_HIDDEN: Final = frozenset({"type", "protocol", "mark", "priority"})


def check_sock(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """An access to a socket."""
    if span.mode != "read":
        problems.append(Problem("V015", "a socket may not be written", role=span.role))
        return
    if not p.offset.is_const():
        problems.append(Problem("V012", f"{span.words()}: the offset into the socket is not constant", role=span.role))
        return
    low = p.offset.smin + span.offset
    kind = p.region.type or "sock"
    if kind in SIZES:
        if low < 0 or low + span.most > SIZES[kind] or low % span.most:
            problems.append(Problem("V012", f"{span.words()} lie outside of {p.region}", required=f"bytes 0 to {SIZES[kind] - 1}", role=span.role))
        return
    context = view.unit.around.platform.contexts.get("bpf_sock")
    field = None if context is None else next((f for f in context.fields if f.offset <= low and low + span.most <= f.offset + f.size), None)
    if field is None or low % span.most:
        problems.append(Problem("V012", f"{span.words()}: there is no such field in struct bpf_sock", role=span.role))
    elif kind == "sock_common" and field.name in COMMON_HIDDEN:
        problems.append(Problem("V012", f"bpf_sock.{field.name} needs a full socket (bpf_sk_fullsock)", role=span.role))


def check_kernel(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """An access through a typed kernel pointer: the kernel catches faults, so that only the type is looked at."""
    if span.mode != "read":
        problems.append(Problem("V015", f"{p.region} may not be written", role=span.role))
        return
    types = view.unit.around.request.kernel_types
    if p.region.type is None or types is None:
        return
    if not p.offset.is_const():
        problems.append(Problem("V026", f"{span.words()}: the offset into {p.region} is not constant", role=span.role))
        return
    if types.member(p.region.type, p.offset.smin + span.offset, span.most) is None:
        problems.append(Problem("V026", f"{span.words()}: {p.region} has no member there", role=span.role))
