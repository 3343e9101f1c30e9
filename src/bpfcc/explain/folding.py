"""One root cause is one finding: what follows from the same fault is dropped and counted.

    V011 at 7  (base v3)                    V011 at 7, with the note
    V011 at 12 (base v3 + 14)    becomes      "the same at 2 more places, the first of them here"
    V011 at 19 (base v3 + 20)

The same are: findings with one code at one instruction (several paths or calls lead there), findings of one code about one pointer,
whatever constant was added to it, at one expression of the source (loops are unrolled, functions inlined), and what follows from
arithmetic that spoils a pointer or from a call of what is not there. The first in program order stays.
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
# What has a result that is worth nothing: arithmetic that spoils a pointer, calls of what is not there.
SPOILS: Final = frozenset({"V023", "V030", "V031", "V066", "V067"})
LAST: Final = 1 << 40
MAX_STEPS: Final = 64
MAX_RELATED: Final = 12
# Of one program; nobody reads more, and answers of children are limited.
MAX_FINDINGS: Final = 500


def fold(findings: Iterable[Finding], module: Module | None = None) -> tuple[Finding, ...]:
    """Findings in program order, one of each root cause. Without `module` only those at one instruction are the same."""
    order = {} if module is None else {fn.name: rank for rank, fn in enumerate(module.functions)}
    given = sorted(findings, key=lambda f: _rank(f, order))
    roots = Roots(module)
    roots.spoiled_by(finding for finding in given if finding.code in SPOILS)
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in given:
        key = roots.key(finding)
        if finding.level == "error" and key in groups and groups[key][0].level == "warning":
            # What rejects must not vanish behind what does not.
            key = (*key, "error")
        groups.setdefault(key, []).append(finding)
    return _limited([_merged(group, module) for group in _copies_joined(groups.values(), module)])


def _copies_joined(groups: Iterable[list[Finding]], module: Module | None) -> list[list[Finding]]:
    """One group of those that begin at the same expression: loops are unrolled and functions inlined, the reader has it once."""
    found: dict[tuple[object, ...], list[Finding]] = {}
    for group in groups:
        first = group[0]
        position = module.position(first.insn) if module is not None else None
        place: tuple[object, ...] = (first.function, first.code, first.role, first.level)
        if position is not None and position.column:
            place = (*place, position.file, position.line, position.column)
        else:
            place = (*place, first.insn, len(found))
        found.setdefault(place, []).extend(group)
    return list(found.values())


def _limited(findings: list[Finding]) -> tuple[Finding, ...]:
    """At most `MAX_FINDINGS`, errors before warnings; the last one says how many are left out."""
    if len(findings) <= MAX_FINDINGS:
        return tuple(findings)
    wanted = sorted(range(len(findings)), key=lambda at: (findings[at].level != "error", at))[:MAX_FINDINGS]
    kept = [findings[at] for at in sorted(wanted)]
    more = Related(f"{len(findings) - MAX_FINDINGS} more findings are left out", -1)
    kept[-1] = replace(kept[-1], related=(*kept[-1].related, more))
    return tuple(kept)


def _rank(finding: Finding, order: dict[str, int]) -> tuple[int, int, str, str, str]:
    insn = finding.insn if finding.insn >= 0 else LAST
    return order.get(finding.function, len(order)), insn, finding.code, finding.role or "", finding.message


def _merged(group: list[Finding], module: Module | None) -> Finding:
    first = group[0]
    if len(group) == 1:
        return first
    here = [f for f in group if f.insn == first.insn]
    related = list(dict.fromkeys(r for f in here for r in f.related))[:MAX_RELATED]
    shown = next((f.counterexample for f in here if f.counterexample is not None), None)
    return replace(first, related=(*related, _count(group, module)), counterexample=shown)


def _count(group: list[Finding], module: Module | None) -> Related:
    """What was dropped: how many places, and the first of them on another line."""
    first = group[0].insn
    others = list(dict.fromkeys(f.insn for f in group if f.insn != first))
    if not others:
        return Related(f"found {len(group)} times: {len(group)} ways through the program lead here", first)
    follows = any(f.code != group[0].code for f in group)
    elsewhere = [insn for insn in others if _line(insn, module) != _line(first, module)]
    if not elsewhere:
        return Related(f"the same in {len(others)} more instruction{'' if len(others) == 1 else 's'} of this line", first)
    places = "1 more place, here" if len(others) == 1 else f"{len(others)} more places, the first on another line here"
    return Related(f"{'what follows from it shows' if follows else 'the same'} at {places}", elsewhere[0])


def _line(insn: int, module: Module | None) -> tuple[str, int]:
    """The source line, or the instruction where there is none."""
    position = module.position(insn) if module is not None else None
    return (position.file, position.line) if position is not None else ("", insn)


class Roots:
    """Which value a finding is about, with constants that were added to it taken away."""

    def __init__(self, module: Module | None) -> None:
        self._functions: dict[str, Function] = {} if module is None else {fn.name: fn for fn in module.functions}
        self._ops: dict[str, dict[int, list[Op]]] = {}
        self._spoiled: dict[Value, tuple[object, ...]] = {}

    def spoiled_by(self, findings: Iterable[Finding]) -> None:
        """Take note of the results of what these findings are about."""
        for finding in findings:
            for op in self._at(finding.function, finding.insn):
                if op.HAS_RESULT:
                    self._spoiled[op.result] = self.key(finding)  # type: ignore[attr-defined]

    def key(self, finding: Finding) -> tuple[object, ...]:
        """What findings of one cause have in common."""
        found = self._operand(finding)
        if isinstance(found, Value):
            cause = self._cause(found)
            if cause is not None:
                return cause
            if finding.code in BY_POINTER:
                return finding.function, finding.code, root(found)
        return finding.function, finding.insn, finding.code, finding.role or "", "" if finding.insn >= 0 else finding.message

    def _cause(self, value: Value) -> tuple[object, ...] | None:
        """What spoilt one of the values that `value` is computed from."""
        work, seen = [value], {value}
        while work and len(seen) < MAX_STEPS:
            at = work.pop()
            if at in self._spoiled:
                return self._spoiled[at]
            made = at.definition
            parts: list[Operand] = []
            if isinstance(made, Assume):
                parts = [made.value]
            elif isinstance(made, Alu):
                parts = [made.lhs, made.rhs]
            for part in parts:
                if isinstance(part, Value) and part not in seen:
                    seen.add(part)
                    work.append(part)
        return None

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
