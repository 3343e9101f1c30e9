"""Sockets and kernel objects: their fields are read, nothing is written.

v5 = load.4 v4, 4       bpf_sock.family
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Call
from bpfcc.runtime.specs.access import access_to
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.facts import Fact
from bpfcc.verifier.pseudo import FRESH

if TYPE_CHECKING:
    from bpfcc.verifier.checks.access import Span
    from bpfcc.verifier.facts import Ptr
    from bpfcc.verifier.view import View

# Layouts of the sockets that programs see.
LAYOUTS: Final = {"sock": "bpf_sock", "sock_common": "bpf_sock", "tcp_sock": "bpf_tcp_sock", "xdp_sock": "bpf_xdp_sock"}
# Fields of struct bpf_sock that only full sockets have (net/core/filter.c, bpf_sock_common_is_valid_access).
OF_FULL_SOCKETS: Final = frozenset({"type", "protocol", "mark", "priority"})


def check_sock(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """An access to a socket."""
    if span.mode != "read" or span.helper:
        what = "may not be written" if span.mode != "read" else "is no memory for a function"
        problems.append(Problem("V015" if span.mode != "read" else "V033", f"{p.region} {what}", role=span.role))
        return
    if not p.offset.is_const():
        problems.append(Problem("V012", f"{span.words()}: the offset into the socket is not constant", role=span.role))
        return
    kind = p.region.type or "sock"
    layout = view.unit.around.platform.contexts.get(LAYOUTS[kind])
    if layout is None:
        problems.append(Problem("V026", f"the platform has no layout of {p.region}", role=span.role, cause="environment"))
        return
    found = access_to(layout, p.offset.smin + span.offset, span.most, frozenset(each.name for each in layout.fields))
    if found.allowed and found.field is not None and kind == "sock_common" and found.field.name in OF_FULL_SOCKETS:
        problems.append(Problem("V012", f"{layout.name}.{found.field.name} needs a full socket (bpf_sk_fullsock)", role=span.role))
    elif not found.allowed:
        problems.append(Problem("V012", f"{span.words()}: there is no such field in struct {layout.name}", role=span.role))


def _check_variable(p: Ptr, span: Span, problems: Problems) -> None:
    """A kernel variable: nothing catches what lies beside it."""
    first, last = p.offset.smin + span.offset, p.offset.smax + span.offset + span.most
    if not p.region.size:
        problem = Problem("V014", f"{span.words()}: how large {p.region} is, is not known", role=span.role, cause="analysis-limit")
        problems.append(problem)
    elif first < 0 or last > p.region.size:
        problems.append(Problem("V014", f"{span.words()} may lie outside of {p.region}, which has {p.region.size} bytes", role=span.role))


def check_kernel(view: View, p: Ptr, span: Span, problems: Problems) -> None:
    """An access through a typed kernel pointer: the kernel catches faults, so that only the type is looked at."""
    from bpfcc.verifier.checks.arguments import check_lent
    from bpfcc.verifier.checks.calls import gpl_compatible

    request = view.unit.around.request
    if span.helper:
        problems.append(Problem("V033", f"{p.region} is no memory for a function", role=span.role))
        return
    if span.mode != "read":
        problems.append(Problem("V015", f"{p.region} may not be written", role=span.role))
        return
    if not gpl_compatible(request):
        problems.append(
            Problem("V032", f"types of the kernel are for programs under the GPL; this one is under {request.license!r}", role=span.role)
        )
        return
    before = len(problems)
    # What is untrusted may be read: faults are caught.
    if type(p.region.site) is Call and p.region.site.helper == FRESH:
        check_lent(view, Fact(None, (p,)), span.role, problems)
    if len(problems) > before:
        return
    types = request.kernel_types
    if p.region.type is None:
        _check_variable(p, span, problems)
        return
    if types is None:
        return
    if not p.offset.is_const():
        problems.append(Problem("V026", f"{span.words()}: the offset into {p.region} is not constant", role=span.role))
        return
    if types.member(p.region.type, p.offset.smin + span.offset, span.most) is None:
        problems.append(Problem("V026", f"{span.words()}: {p.region} has no member there", role=span.role))
