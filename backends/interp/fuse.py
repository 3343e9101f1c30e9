"""Join instructions that follow each other in one, so that the loop is entered once for both.

    add64   v5 = v1, v2          n: two that do not depend on each other
    xor64   v6 = v5, v3          p: `p_add64_xor64` v5 = v1 + v2, v6 = v5 ^ v3

    add64i  v8 = v7, 1           `br_add64i_ne64i`: count and branch
    ne64i   v8, 10

Loads join with the operation or the test on what they loaded; they stay where they are, the operation comes up to them. Arithmetic is
pure, so it may move: up to the value that it waits for, or down to the one that waits for it, unless that would keep a
parameter of a loop alive beside its next value and cost a move a turn.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.interp.formats import ALU_BRANCHES, FORMS, LOAD_BRANCHES, LOADS_THEN
from bpfcc.backends.interp.machine import Insn
from bpfcc.bpfir.ops import Value

if TYPE_CHECKING:
    from bpfcc.backends.interp.machine import Code

WINDOW: Final = 8
FORM_SET: Final = frozenset(FORMS)
COMMUTATIVE: Final = frozenset(("add64", "mul64", "and64", "or64", "xor64", "add32", "mul32", "and32", "or32", "xor32"))
LOAD_SET: Final = frozenset((*LOADS_THEN, *(f"{name}_x" for name in LOADS_THEN)))


def fuse(code: Code) -> None:
    """Rewrite the instructions of one node."""
    _fuse_test(code)
    insns = code.insns
    if len(insns) > 1:
        joiner = _Joiner(code)
        joiner.dependent()
        joiner.independent()
        code.insns = joiner.result()


def _fuse_test(code: Code) -> None:
    test, insns = code.test, code.insns
    if test is None or not insns:
        return
    value = test.srcs[0]
    if test.srcs.count(value) > 1:
        return
    for at in range(len(insns) - 1, max(len(insns) - 1 - WINDOW, -1), -1):
        insn = insns[at]
        if insn.dst is value:
            fused = _tested(insn, test, last=at == len(insns) - 1)
            if fused is not None:
                code.test = fused
                del insns[at]
            return
        if value in insn.srcs:
            return


def _tested(insn: Insn, test: Insn, *, last: bool) -> Insn | None:
    immediate = test.name.endswith("i")
    fused = Insn(f"{insn.name}_{test.name}", insn.dst, insn.srcs + test.srcs[1:], (), test.origin)
    if insn.name in ALU_BRANCHES:
        fused.fields = (insn.dst, insn.srcs[0], *_numbers(insn))
        fused.tail = _numbers(test) if immediate else (test.srcs[1],)
        return fused
    if last and immediate and insn.name in LOAD_BRANCHES:
        fused.fields = (insn.dst, insn.srcs[0], *_numbers(insn))
        fused.tail = _numbers(test)
        # A trap is the load's.
        fused.origin = insn.origin
        return fused
    return None


def _numbers(insn: Insn) -> tuple[int, ...]:
    return tuple(imm for imm in insn.imms if type(imm) is int)


def _operands(insn: Insn) -> tuple[Value | None, int]:
    """The second register and the immediate of a form."""
    return (insn.srcs[1] if len(insn.srcs) > 1 else None), (_numbers(insn)[0] if insn.imms else 0)


@final
class _Joiner:
    """Instructions of a node; what joined another leaves None behind."""

    def __init__(self, code: Code) -> None:
        self.insns: list[Insn | None] = list(code.insns)
        # Where each value is made in this node; what is not here was there before.
        self.made: dict[Value, int] = {}
        self.users: dict[Value, list[int]] = {}
        for at, insn in enumerate(code.insns):
            if insn.dst is not None:
                self.made[insn.dst] = at
            for value in insn.srcs:
                self.users.setdefault(value, []).append(at)
        # Parameters of a loop and their next values, both ways.
        self.next_of: dict[Value, Value] = {}
        self.param_of: dict[Value, Value] = {}
        node = code.node
        for target, args in zip(node.targets, node.args, strict=True):
            if target.index <= node.index:
                for param, arg in zip(target.params, args, strict=True):
                    if type(arg) is Value:
                        self.next_of[param] = arg
                        self.param_of[arg] = param

    def result(self) -> list[Insn]:
        """What is left, in order."""
        return [insn for insn in self.insns if insn is not None]

    def dependent(self) -> None:
        """Join a value's maker with its first user."""
        for at, insn in enumerate(self.insns):
            if insn is None or insn.dst is None or insn.fields is not None:
                continue
            loads = insn.name in LOAD_SET
            if not loads and insn.name not in FORM_SET:
                continue
            users = self.users.get(insn.dst)
            if not users:
                continue
            user = users[0]
            second = self.insns[user]
            if second is None or user - at > WINDOW or second.fields is not None or second.name not in FORM_SET:
                continue
            left, right = self._sides(insn.dst, second)
            if left is None:
                continue
            if self._can_rise(second, right, at, user):
                self._join(at, at, user, right)
            elif not loads and self._can_sink(insn, at, user):
                self._join(user, at, user, right)

    def _sides(self, value: Value, user: Insn) -> tuple[Value | None, Value | None]:
        """`value` as the left operand and the other one; (None, None) where it cannot be the left one."""
        first = user.srcs[0]
        other = user.srcs[1] if len(user.srcs) > 1 else None
        if first is value and other is not value:
            return first, other
        if other is value and first is not value and user.name in COMMUTATIVE:
            return other, first
        return None, None

    def _can_rise(self, user: Insn, other: Value | None, at: int, to: int) -> bool:
        if other is not None and self.made.get(other, -1) >= at:
            return False
        param = self.param_of.get(user.dst) if user.dst is not None else None
        return param is None or not any(at < reader < to for reader in self.users.get(param, ()))

    def _can_sink(self, insn: Insn, at: int, to: int) -> bool:
        for value in insn.srcs:
            following = self.next_of.get(value)
            if following is not None and at < self.made.get(following, -1) < to:
                return False
        return True

    def _join(self, place: int, at: int, user: int, right: Value | None) -> None:
        first, second = self.insns[at], self.insns[user]
        if first is None or second is None:
            return
        _, number = _operands(second)
        extra = [right] if right is not None else []
        if first.name in LOAD_SET:
            joined = Insn(f"{first.name}_{second.name}", first.dst, first.srcs + extra, (), first.origin)
            near = len(first.srcs) == 1
            index = None if near else first.srcs[1]
            numbers = _numbers(first)
            cache, offset = numbers if near else (numbers[1], numbers[0])
            joined.fields = (first.dst, first.srcs[0], index, offset, cache, second.dst, right, number)
        else:
            joined = Insn(f"p_{first.name}_{second.name}", first.dst, first.srcs + extra, (), second.origin)
            other, immediate = _operands(first)
            joined.fields = (first.dst, first.srcs[0], other, second.dst, right, None, immediate, number)
        joined.also = second.dst
        self.insns[at] = self.insns[user] = None
        self.insns[place] = joined
        for value in (first.dst, second.dst):
            if value is not None:
                self.made[value] = place

    def independent(self) -> None:
        """Join neighbours that are left."""
        left = [at for at, insn in enumerate(self.insns) if insn is not None]
        skip = False
        for at, following in pairwise(left):
            if skip:
                skip = False
                continue
            first, second = self.insns[at], self.insns[following]
            if first is None or second is None or first.fields is not None or second.fields is not None:
                continue
            if first.name not in FORM_SET or second.name not in FORM_SET or first.dst in second.srcs:
                continue
            joined = Insn(f"n_{first.name}_{second.name}", first.dst, first.srcs + second.srcs, (), second.origin)
            (right, number), (second_right, second_number) = _operands(first), _operands(second)
            joined.fields = (first.dst, first.srcs[0], right, second.dst, second_right, second.srcs[0], number, second_number)
            joined.also = second.dst
            self.insns[at] = None
            self.insns[following] = joined
            skip = True
