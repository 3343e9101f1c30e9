"""One root cause is one finding: what follows from the same fault is dropped and counted.

    V011 at 7  (base v3)                    V011 at 7, with the note
    V011 at 12 (base v3 + 14)    becomes      "the same at 2 more places, the first of them here"
    V011 at 19 (base v3 + 20)

The same are: findings with one code at one instruction (several paths or calls lead there), and findings of one code about one pointer,
whatever constant was added to it. The first in program order stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Alu, Assume, Op, Value
from bpfcc.verifier.verdict import Finding, Related

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Operand

# What is wrong with a pointer itself: every use of it is wrong for the same reason.
BY_POINTER: Final = frozenset({"V001", "V010", "V011", "V013", "V014", "V015", "V019", "V020", "V022", "V023", "V025", "V041"})
LAST: Final = 1 << 40
MAX_STEPS: Final = 64
MAX_RELATED: Final = 12


def fold(findings: Iterable[Finding], module: Module | None = None) -> tuple[Finding, ...]:
    """Findings in program order, one of each root cause. Without `module` only those at one instruction are the same."""
    order = {} if module is None else {fn.name: rank for rank, fn in enumerate(module.functions)}
    given = sorted(findings, key=lambda f: _rank(f, order))
    roots = Roots(module)
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in given:
        groups.setdefault(roots.key(finding), []).append(finding)
    return tuple(_merged(group) for group in groups.values())


def _rank(finding: Finding, order: dict[str, int]) -> tuple[int, int, str, str, str]:
    insn = finding.insn if finding.insn >= 0 else LAST
    return order.get(finding.function, len(order)), insn, finding.code, finding.role or "", finding.message


def _merged(group: list[Finding]) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    here = [f for f in group if f.insn == first.insn]
    others = list(dict.fromkeys(f.insn for f in group if f.insn != first.insn))
    related = list(dict.fromkeys(r for f in here for r in f.related))[:MAX_RELATED]
    if others:
        places = "1 more place" if len(others) == 1 else f"{len(others)} more places"
        related.append(Related(f"the same at {places}, {'here' if len(others) == 1 else 'the first of them here'}", others[0]))
    else:
        related.append(Related(f"found {len(group)} times: {len(group)} ways through the program lead here", first.insn))
    shown = next((f.counterexample for f in here if f.counterexample is not None), None)
    return replace(first, related=tuple(related), counterexample=shown)


class Roots:
    """Which value a finding is about, with constants that were added to it taken away."""

    def __init__(self, module: Module | None) -> None:
        self._functions: dict[str, Function] = {} if module is None else {fn.name: fn for fn in module.functions}
        self._ops: dict[str, dict[int, list[Op]]] = {}

    def key(self, finding: Finding) -> tuple[object, ...]:
        """What findings of one cause have in common."""
        found = self._operand(finding) if finding.code in BY_POINTER else None
        if isinstance(found, Value):
            return finding.function, finding.code, root(found)
        return finding.function, finding.insn, finding.code, finding.role or "", "" if finding.insn >= 0 else finding.message

    def _operand(self, finding: Finding) -> Operand | None:
        found = [operand for op in self._at(finding.function, finding.insn) if (operand := operand_of(op, finding.role)) is not None]
        return found[0] if len(found) == 1 else None

    def _at(self, function: str, insn: int) -> list[Op]:
        if function not in self._ops:
            table = self._ops[function] = {}
            fn = self._functions.get(function)
            for op in fn.ops() if fn is not None else ():
                # What stands for a branch is not the instruction's own work.
                if not isinstance(op, Assume):
                    table.setdefault(op.insn, []).append(op)
        return self._ops[function].get(insn, [])


def operand_of(op: Op, role: str | None) -> Operand | None:
    """The operand that a role means; None where the operation has none such."""
    if role is None or role == "result":
        return None
    if role.startswith("arg"):
        args: list[Operand] = getattr(op, op.ARGS) if op.ARGS is not None else []
        index = int(role.removeprefix("arg")) - 1
        return args[index] if index < len(args) else None
    operand: Operand | None = getattr(op, role, None) if role in op.USES else None
    return operand


def root(value: Value) -> Value:
    """The value that constants were added to, known facts and other names of it aside."""
    for _ in range(MAX_STEPS):
        made = value.definition
        inner: Operand | None = None
        if isinstance(made, Assume):
            inner = made.value
        elif isinstance(made, Alu) and made.kind in {"add", "sub"} and made.width_bits == 64:
            inner = made.lhs if isinstance(made.rhs, int) else made.rhs if isinstance(made.lhs, int) and made.kind == "add" else None
        if not isinstance(inner, Value):
            break
        value = inner
    return value
