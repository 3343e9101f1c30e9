"""Global functions: judged once by their prototype, and called by it.

v3 = call @parse(v1, v2)        int parse(struct __sk_buff *skb, struct key *key)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Call
from bpfcc.verifier import pseudo
from bpfcc.verifier.checks.access import Span, check_span
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.checks.sections import check_sleep
from bpfcc.verifier.checks.trust import Wanted, check_object
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import TOP, UNDEFINED, Fact, number_of, pointer, pointers_of
from bpfcc.verifier.handles import Lent
from bpfcc.verifier.linear import Sum

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function
    from bpfcc.bpfir.ops import Op
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.options import Parameter, Prototype
    from bpfcc.verifier.unit import Surroundings, Unit
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View

SUPPORTED: Final = frozenset({"number", "ctx", "memory", "trusted", "untrusted"})
PACKET_REGIONS: Final = frozenset({"packet", "meta"})
OPTION: Final = "the option's value"
ROLES: Final[tuple[Role, ...]] = ("arg1", "arg2", "arg3", "arg4", "arg5")


def prototype_of(around: Surroundings, fn: Function) -> Prototype | None:
    """The prototype of a global function, None for what is judged in the context of its callers."""
    types = around.request.object_types
    if not around.platform.by_prototype or fn.linkage != "global" or not fn.btf_type_id or types is None:
        return None
    return types.prototype(fn.btf_type_id)


def is_supported(prototype: Prototype) -> bool:
    """Whether the function can be judged by it."""
    return all(parameter.kind in SUPPORTED and (parameter.kind != "memory" or parameter.size) for parameter in prototype.parameters)


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
        elif parameter.kind in ("trusted", "untrusted"):
            types = unit.around.request.kernel_types
            kernel = types.named(parameter.type) if types is not None else None
            kind = kernel.with_tag(parameter.kind) if kernel is not None else None
            region = unit.object(("parameter", at), "btf", parameter.type, type=kind)
            found.append(pointer(region, null=parameter.kind == "trusted" and not parameter.nonnull))
        else:
            found.append(Fact(sc.TOP, undef=True))
    found += [UNDEFINED] * (len(unit.fn.params) - len(found))
    return found


def check_global_call(view: View, op: Call, fn: Function, problems: Problems) -> None:
    """Arguments against the prototype."""
    prototype = prototype_of(view.unit.around, fn)
    if view.state.lock is not None:
        problems.append(Problem("V045", f"calling {fn.name} while a spin lock is held"))
        return
    if prototype is None:
        problems.append(Problem("V068", f"{fn.name} has no prototype to be judged by", cause="unsupported"))
        return
    if not prototype.returns_value and not prototype.returns_void:
        problems.append(Problem("V068", f"{fn.name} returns an address; a global function returns a number or nothing", role="result"))
        return
    sleeping = view.unit.around.graph.sleeping(fn.name)
    if sleeping is not None and not check_sleep(view, f"{fn.name} calls {sleeping}, which", problems):
        return
    # Arguments that the function does not look at are not passed.
    for at, parameter in enumerate(prototype.parameters[: len(op.args)]):
        before = len(problems)
        _argument(view, op, fn.name, at, parameter, problems)
        if len(problems) == before and parameter.kind == "memory":
            _stays(view, op, fn.name, at, problems)
        if len(problems) > before:
            return


def _stays(view: View, op: Call, name: str, at: int, problems: Problems) -> None:
    """Memory that a function is given is there until it returns; it does not see where that lies."""
    if not view.unit.around.graph.moves_packet(name):
        return
    lent = {note.ref for note in view.state.may if isinstance(note, Lent) and note.packet}
    for p in pointers_of(view.known(op.args[at])):
        if (p.region.kind in PACKET_REGIONS and p.region.name != OPTION) or p.region.ref in lent:
            known = f"{name} is given {p.region} as argument {at + 1}"
            problems.append(Problem("V019", f"{name} may move the packet that its argument lies in", known=known, role=ROLES[at]))
            return


def _argument(view: View, op: Call, name: str, at: int, parameter: Parameter, problems: Problems) -> None:
    role = ROLES[at]
    fact = view.known(op.args[at])
    found = pointers_of(fact)
    num = number_of(fact)
    known = f"{{{role}}} is {fact!r}"
    if type(fact) is Fact and fact.undef:
        problems.append(Problem("V001", f"argument {at + 1} is read, and on some path nothing was written to it", role=role))
    elif parameter.kind == "number":
        if found:
            problems.append(Problem("V068", f"argument {at + 1} of {name} is a number; an address is given", known=known, role=role))
    elif parameter.kind == "ctx":
        if num is not None or len(found) != 1 or found[0].region.kind != "ctx" or found[0].offset.umax:
            problems.append(Problem("V068", f"argument {at + 1} of {name} is the context", known=known, role=role))
    elif parameter.kind == "memory" and parameter.size:
        _memory(view, op, at, parameter, problems)
    elif parameter.kind in ("trusted", "untrusted"):
        _object(view, op, name, at, parameter, problems)
    else:
        problems.append(Problem("V068", f"the type of parameter {at + 1} of {name} is not supported", role=role, cause="unsupported"))


def _object(view: View, op: Call, name: str, at: int, parameter: Parameter, problems: Problems) -> None:
    """A pointer to a kernel type: the function relies on one that it calls trusted as far as the caller may."""
    role, fact = ROLES[at], view.known(op.args[at])
    if parameter.kind == "trusted":
        wanted = Wanted(name, parameter.type.removeprefix("struct "), "trusted", nullable=not parameter.nonnull)
        check_object(view, op, at, wanted, problems)
    elif any(p.region.kind not in ("btf", "sock") for p in pointers_of(fact)):
        problems.append(Problem("V068", f"argument {at + 1} of {name} is {parameter.type}", known=f"{{{role}}} is {fact!r}", role=role))


def _memory(view: View, op: Call, at: int, parameter: Parameter, problems: Problems) -> None:
    fact = view.known(op.args[at])
    num = number_of(fact)
    if num is not None and num.umax == 0 and not parameter.nonnull and not pointers_of(fact):
        return
    found: Problems = []
    # The callee may write it, and may read what was never written: that is the caller's to see to.
    check_span(
        view, op, op.args[at], Span(0, parameter.size, parameter.size, Sum((), parameter.size), "write", helper=True, role=ROLES[at]), found
    )
    problems += [p for p in found if parameter.nonnull or p.code != "V020" or num is None or num.umax != 0]


def gives_unwritten(view: View, op: Op) -> bool:
    """Whether the call gives a global function frame bytes that may not have been written: it may read them."""
    from bpfcc.verifier.steps import touched

    if type(op) is not Call or not pseudo.is_pseudo(op.helper) or op.helper > pseudo.GLOBAL:
        return False
    effects = view.unit.around.effects(op.helper)
    return effects is not None and any(touched(view, op, touch)[0] & ~view.state.init for touch in effects.reads)
