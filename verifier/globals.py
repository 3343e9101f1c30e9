"""Global functions: judged once by their prototype, and called by it.

    v3 = call @parse(v1, v2)        int parse(struct __sk_buff *skb, struct key *key)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import CallFunction
from bpfcc.verifier.checks.access import Span, check_span
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import TOP, UNDEFINED, Fact, number_of, pointer, pointers_of
from bpfcc.verifier.linear import Sum

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.options import Prototype
    from bpfcc.verifier.unit import Surroundings, Unit
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View

ROLES: Final[tuple[Role, ...]] = ("arg1", "arg2", "arg3", "arg4", "arg5")


def prototype_of(around: Surroundings, fn: Function) -> Prototype | None:
    """The prototype of a global function, None for what is judged in the context of its callers."""
    types = around.request.object_types
    if fn.linkage != "global" or not fn.btf_type_id or types is None:
        return None
    return types.prototype(fn.btf_type_id)


def parameters(unit: Unit, prototype: Prototype) -> list[Scalar | Fact]:
    """What a global function may rely on."""
    found: list[Scalar | Fact] = []
    for at, parameter in enumerate(prototype.parameters[: len(unit.fn.params)]):
        if parameter.kind == "number":
            found.append(TOP)
        elif parameter.kind == "ctx":
            found.append(pointer(unit.ctx))
        elif parameter.kind == "memory" and parameter.size:
            region = unit.memory(("parameter", at), f"parameter {at + 1}", parameter.size)
            found.append(pointer(region, null=not parameter.nonnull))
        else:
            found.append(Fact(sc.TOP, undef=True))
    found += [UNDEFINED] * (len(unit.fn.params) - len(found))
    return found


def check_global_call(view: View, op: CallFunction, problems: Problems) -> None:
    """Arguments against the prototype."""
    fn = view.unit.module.function(op.function)
    prototype = prototype_of(view.unit.around, fn)
    if view.state.lock is not None:
        problems.append(Problem("V045", f"calling {op.function} while a spin lock is held"))
        return
    if prototype is None:
        problems.append(Problem("V068", f"{op.function} has no prototype to be judged by", cause="unsupported"))
        return
    for at, parameter in enumerate(prototype.parameters):
        if at >= len(op.args):
            problems.append(Problem("V068", f"{op.function} takes {len(prototype.parameters)} arguments, {len(op.args)} are given"))
            return
        before = len(problems)
        _argument(view, op, at, parameter.kind, parameter.size, nonnull=parameter.nonnull, problems=problems)
        if len(problems) > before:
            return


def _argument(view: View, op: CallFunction, at: int, kind: str, size: int, *, nonnull: bool, problems: Problems) -> None:
    role = ROLES[at]
    fact = view.known(op.args[at])
    found = pointers_of(fact)
    num = number_of(fact)
    if type(fact) is Fact and fact.undef:
        problems.append(Problem("V001", f"argument {at + 1} is read, and on some path nothing was written to it", role=role))
    elif kind == "number":
        if found:
            problems.append(Problem("V068", f"argument {at + 1} of {op.function} is a number; an address is given", known=f"{{{role}}} is {fact!r}", role=role))
    elif kind == "ctx":
        if num is not None or len(found) != 1 or found[0].region.kind != "ctx" or found[0].offset.umax:
            problems.append(Problem("V068", f"argument {at + 1} of {op.function} is the context", known=f"{{{role}}} is {fact!r}", role=role))
    elif kind == "memory" and size:
        _memory(view, op, at, size, num, nonnull=nonnull, problems=problems)
    else:
        problems.append(Problem("V068", f"the type of parameter {at + 1} of {op.function} is not supported", role=role, cause="unsupported"))


def _memory(view: View, op: CallFunction, at: int, size: int, num: Scalar | None, *, nonnull: bool, problems: Problems) -> None:
    if num is not None and num.umax == 0 and not nonnull and not pointers_of(view.known(op.args[at])):
        return
    found: Problems = []
    # The callee may write it, and may read what was never written: that is the caller's to see to.
    check_span(view, op, op.args[at], Span(0, size, size, Sum((), size), "write", helper=True, role=ROLES[at]), found)
    problems += [p for p in found if nonnull or p.code != "V020" or num is None or num.umax != 0]
