"""Kernel objects as arguments: of the right type, and to be relied on as far as the function needs it.

bpf_task_acquire(p)       p is a struct task_struct that is trusted, or that RCU keeps
get_task_stack(p, …)      p is a struct task_struct, and not one found by following pointers that nothing keeps
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.facts import number_of, pointers_of
from bpfcc.verifier.goals import NotIn, NotNumber
from bpfcc.verifier.handles import Lent, is_lent, is_slice

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Call, CallExtern
    from bpfcc.verifier.facts import Ptr, Region
    from bpfcc.verifier.verdict import Cause, Role
    from bpfcc.verifier.view import View

ROLES: Final[tuple[Role, ...]] = ("arg1", "arg2", "arg3", "arg4", "arg5")
# What helpers take where the table only says that it is a kernel object (`arg_btf_id` of their prototypes), by (helper, argument).
HELPER_TYPES: Final = {
    ("get_task_stack", 0): "task_struct", ("task_pt_regs", 0): "task_struct", ("task_storage_get", 1): "task_struct",
    ("task_storage_delete", 1): "task_struct", ("find_vma", 0): "task_struct", ("copy_from_user_task", 3): "task_struct",
    ("inode_storage_get", 1): "inode", ("inode_storage_delete", 1): "inode", ("ima_inode_hash", 0): "inode",
    ("cgrp_storage_get", 1): "cgroup", ("cgrp_storage_delete", 1): "cgroup", ("d_path", 0): "path", ("sock_from_file", 0): "file",
    ("ima_file_hash", 0): "file", ("bprm_opts_set", 0): "linux_binprm", ("skb_output", 0): "sk_buff", ("xdp_output", 0): "xdp_buff",
    ("seq_printf", 0): "seq_file", ("seq_write", 0): "seq_file", ("seq_printf_btf", 0): "seq_file", ("tcp_send_ack", 0): "tcp_sock",
}  # fmt: skip
# The kernel's structs behind the sockets of contexts and lookups (`reg2btf_ids`), and what these begin with.
SOCKET_TYPES: Final = {
    "sock": frozenset({"sock", "sock_common"}), "sock_common": frozenset({"sock_common"}), "xdp_sock": frozenset({"sock", "sock_common"}),
    "tcp_sock": frozenset({"tcp_sock", "inet_connection_sock", "inet_sock", "sock", "sock_common"}),
}  # fmt: skip
GONE: Final = "what kept it (a reference, RCU, the call of a callback) has ended on some path to here"
UNSAFE_TAGS: Final = frozenset({"untrusted", "user", "percpu", "buffer"})


class Wanted(NamedTuple):
    """What a function takes. `type` "": any; `trust`: "trusted", "rcu" (either will do) or "" (any but an untrusted one)."""

    function: str
    type: str = ""
    trust: str = ""
    nullable: bool = False
    releases: bool = False
    kinds: frozenset[str] = frozenset({"btf", "sock"})
    maps: bool = False

    def words(self) -> str:
        """For messages."""
        kind = f"a struct {self.type}" if self.type else "a kernel object"
        return f"{kind} or null" if self.nullable else kind


def in_rcu(view: View) -> bool:
    """Whether RCU is read-locked: always where programs may not sleep."""
    sections = view.state.sections
    return not view.unit.around.request.sleepable or (isinstance(sections, tuple) and "rcu" in sections)


def trust_of(view: View, region: Region) -> str:
    """How far an object is to be relied on here."""
    if region.kind == "sock" or (region.ref is not None and region.ref in view.state.must):
        return "trusted"
    tag: str = getattr(region.type, "tag", "untrusted" if region.type is None else "")
    return "untrusted" if tag == "rcu" and not in_rcu(view) else tag


def is_struct(view: View, p: Ptr, name: str, *, strict: bool = False) -> bool:
    """Whether there is a `struct NAME` at the address."""
    region = p.region
    if not p.offset.is_const():
        return False
    if region.kind == "sock":
        return p.offset.smin == 0 and name in SOCKET_TYPES.get(region.type or "sock", ())
    types = view.unit.around.request.kernel_types
    if region.type is None or types is None:
        return p.offset.smin == 0 and region.name == f"struct {name}"
    return p.offset.smin >= 0 and types.is_a(region.type, name, strict=strict, offset=p.offset.smin)


def check_object(view: View, op: Call | CallExtern, index: int, wanted: Wanted, problems: Problems) -> None:
    """One argument that is a kernel object."""
    role = ROLES[index]
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    num = number_of(fact)
    if num is not None and found and view.suppose(NotNumber(op.args[index])):
        num = None
    if num is not None and num.umax == 0 and wanted.nullable:
        num = None
        if not found:
            return
    if num is not None and num.contains(0) and (found or num.umax == 0):
        problems.append(
            Problem("V020", f"{{{role}}} may be null", required=wanted.words(), role=role, suggestion=f"if (!{{{role}}}) return 0;")
        )
        return
    if num is not None or not found:
        _no(index, wanted, fact, problems)
        return
    for p in found:
        before = len(problems)
        _check_one(view, index, p, wanted, problems)
        if len(problems) > before:
            if not view.suppose(NotIn(op.args[index], p.region)):
                return
            del problems[before:]


def _no(index: int, wanted: Wanted, fact: object, problems: Problems) -> None:
    role = ROLES[index]
    what = f"argument {index + 1} of {wanted.function} must be {wanted.words()}"
    problems.append(Problem("V033", what, required=wanted.words(), known=f"{{{role}}} is {fact!r}", role=role))


def _check_one(view: View, index: int, p: Ptr, wanted: Wanted, problems: Problems) -> None:
    role, region = ROLES[index], p.region
    if wanted.maps and region.kind == "map":
        return
    if region.kind not in wanted.kinds:
        _no(index, wanted, p, problems)
    elif region.ref is not None and not is_slice(region.ref) and region.ref not in view.state.must:
        what = "again" if wanted.releases else "after it was released"
        problems.append(Problem("V041", f"{wanted.function} is given {region} {what}", role=role))
    elif is_slice(region.ref) and not is_lent(view.state, region.ref):
        # Objects of several earlier rounds have one name: one of them is there, and another is not.
        unsure = any(isinstance(note, Lent) and note.ref == region.ref for note in view.state.may)
        cause: Cause = "analysis-limit" if unsure else "source"
        problems.append(Problem("V041", f"{wanted.function} is given {region}, and {GONE}", role=role, cause=cause))
    elif wanted.releases and (region.ref is None or is_slice(region.ref)):
        problems.append(Problem("V041", f"{wanted.function} releases {region}, which was not acquired", role=role))
    elif wanted.releases and (not p.offset.is_const() or p.offset.umin):
        problems.append(Problem("V041", f"{{{role}}} does not point to the start of {region}", role=role))
    elif wanted.type and not is_struct(view, p, wanted.type, strict=wanted.releases):
        _no(index, wanted, p, problems)
    else:
        _check_trust(view, index, p, wanted, problems)


def _check_trust(view: View, index: int, p: Ptr, wanted: Wanted, problems: Problems) -> None:
    role, trust = ROLES[index], trust_of(view, p.region)
    enough = trust == "trusted" or (wanted.trust == "rcu" and trust == "rcu") or (not wanted.trust and trust not in UNSAFE_TAGS)
    if enough:
        return
    required = (
        "an object that is kept alive: acquired, or given by the kernel"
        if wanted.trust == "trusted"
        else "an object that is kept alive, by RCU at least"
    )
    problems.append(
        Problem(
            "V033", f"argument {index + 1} of {wanted.function}: nothing keeps {p.region} alive", required=required,
            known=f"{{{role}}} is {'an untrusted' if trust == 'untrusted' else f'a {trust}' if trust else 'a plain'} pointer", role=role,
        )
    )  # fmt: skip
