"""How much of its frame a function uses: where bytes may be added to it.

    v1 = frame -16                         16 bytes
    v2 = sub.64 v1, v7                     no saying: what is below may be in use
    Frames(module).used_bytes(fn, …)       16, None

What is named is known. An address that is moved down by a distance that is no constant, here or in a function that gets it, names nothing.
An address that is in memory may be what any other function loads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir import frame
from bpfcc.bpfir.frame import ACCESSES, WRITERS, frame_offset
from bpfcc.bpfir.ops import (
    Alu,
    Assume,
    AtomicFetch,
    Call,
    CallExtern,
    CallFunction,
    CallIndirect,
    Cast,
    CompareExchange,
    Exit,
    FrameAddr,
    FuncAddr,
    Load,
    LoadAcquire,
    Value,
    edges,
    operands,
)
from bpfcc.bpfir.renamed import renamed
from bpfcc.bpfir.semantics import signed
from bpfcc.compat.rewrite.uses import Uses, closure

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Operand

ADDRESS_BYTES: Final = 8
MAX_DISTANCE: Final = 1 << 31
# Steps of all questions about one function.
BUDGET: Final = 500_000
# Operations that are looked at to see where addresses get to.
MAX_VISITS: Final = 400_000


@final
class _Depths:
    """Where addresses of frames are moved to; `known`: none is moved down from where it cannot be told."""

    def __init__(self, fn: Function, uses: Uses, addresses: set[Value]) -> None:
        self.known, self.deepest = True, 0
        self._uses = uses
        self._budget = BUDGET
        self._addresses = addresses
        for op in fn.ops():
            if isinstance(op, Alu):
                self._sum(op)
            elif isinstance(op, ACCESSES) and op.base in self._addresses and op.offset < 0 and frame_offset(op.base) is None:
                self.known = False

    def _sum(self, op: Alu) -> None:
        left, right = op.lhs in self._addresses, op.rhs in self._addresses
        if not left and not right:
            return
        address, distance = (op.lhs, op.rhs) if left else (op.rhs, op.lhs)
        if (left and right) or op.width_bits != 64 or op.kind not in ("add", "sub"):
            # Of two, which may be numbers out of memory, one may be the distance.
            self.known = False
        elif type(distance) is int:
            moved = signed(64, distance if op.kind == "add" else -distance)
            start = frame_offset(address)
            if start is not None:
                self.deepest = max(self.deepest, -(start + moved))
            elif moved < 0:
                self.known = False
        elif op.kind == "sub" or not self._upwards(distance):
            self.known = False

    def _upwards(self, distance: Operand) -> bool:
        """Whether a distance is no negative number. One in a loop is none where nothing makes it one."""
        seen: set[Value] = set()
        work = [distance]
        while work:
            each = work.pop()
            self._budget -= 1
            if self._budget < 0:
                return False
            if type(each) is int:
                if each >= MAX_DISTANCE:
                    return False
                continue
            each = renamed(each)
            if type(each) is not Value or each in seen:
                continue
            seen.add(each)
            if each in self._uses.passed:
                work += self._uses.passed[each]
                continue
            more = _parts(each.definition)
            if more is None:
                return False
            work += more
        return True


def _parts(op: object) -> tuple[Operand, ...] | None:
    """What has to be no negative number so that the result is none; None: it may be one."""
    match op:
        case Load():
            return () if op.size_bytes < 8 and not op.signed else None
        case Cast():
            return () if op.kind == "zext" else None
        case Alu() if op.width_bits == 32:
            return ()
        case Alu() if op.kind in ("add", "mul", "lsh", "or"):
            return op.lhs, op.rhs
        case Alu() if op.kind == "and":
            return () if type(op.rhs) is int and op.rhs < MAX_DISTANCE else None
        case Alu() if op.kind == "rsh":
            return () if type(op.rhs) is int and op.rhs & 63 else (op.lhs,)
        case _:
            return None


@final
class Frames:
    """Addresses of frames in a module, and where they get to: parameters, results, everything that is loaded once one is in memory."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._params: dict[str, set[Value]] = {fn.name: set() for fn in module.functions}
        self._results: set[str] = set()
        self._escaped = False
        self._work = {fn.name: fn for fn in module.functions}
        visits = 0
        while self._work and visits <= MAX_VISITS:
            # The oldest first: what several functions ask for is then done once.
            fn = self._work.pop(next(iter(self._work)))
            visits += 1 + sum(len(block.ops) for block in fn.blocks)
            self._pass_on(fn, _made_of(fn, _own(fn) | self._roots(fn) | self._params[fn.name]))
        self._known = not self._work
        # Functions that may reach what lies before an address of another one's frame.
        self._below = {fn.name for fn in module.functions if not self._depths(fn, self._params[fn.name], Uses(fn)).known}

    def used_bytes(self, fn: Function, uses: Uses) -> int | None:
        """Bytes of the function's frame down to the deepest one that may be in use; None where that cannot be told."""
        depths = self._depths(fn, _own(fn), uses)
        if not self._known or not depths.known or self._below - {fn.name}:
            return None
        return max(fn.stack_bytes, frame.used_bytes(fn), depths.deepest)

    def _depths(self, fn: Function, start: set[Value], uses: Uses) -> _Depths:
        return _Depths(fn, uses, _made_of(fn, start | self._roots(fn)))

    def _roots(self, fn: Function) -> set[Value]:
        """What may be an address of any frame: out of memory, and of functions."""
        found: set[Value] = set()
        for op in fn.ops():
            loaded = self._escaped and isinstance(op, (Load, LoadAcquire, AtomicFetch, CompareExchange)) and op.size_bytes == ADDRESS_BYTES
            returned = isinstance(op, CallFunction) and op.function in self._results
            if loaded or returned or (isinstance(op, CallIndirect) and self._results):
                found.add(op.result)  # type: ignore[attr-defined]
        return found

    def _pass_on(self, fn: Function, addresses: set[Value]) -> None:
        for op in fn.ops():
            given = [arg for arg in operands(op) if type(arg) is Value and arg in addresses]
            match op:
                case CallFunction():
                    callee = self._module.function(op.function)
                    self._give(callee, {param for param, arg in zip(callee.params, op.args, strict=False) if arg in given})
                case Call() | CallExtern() | CallIndirect():
                    # The first parameter of what a helper calls is a number, a map, or an object of the kernel.
                    first = 0 if isinstance(op, CallIndirect) else 1
                    for callee in self._called_back(op) if given else ():
                        self._give(callee, set(callee.params[first:]))
                case Exit() if given and fn.name not in self._results:
                    self._results.add(fn.name)
                    self._again()
                case _ if isinstance(op, WRITERS) and op.value in given and not self._escaped:
                    self._escaped = True
                    self._again()

    def _called_back(self, op: Call | CallExtern | CallIndirect) -> list[Function]:
        if isinstance(op, CallIndirect):
            return list(self._module.functions)
        found = (renamed(arg) for arg in op.args)
        targets = (each.definition for each in found if type(each) is Value)
        return [self._module.function(each.function) for each in targets if isinstance(each, FuncAddr)]

    def _give(self, fn: Function, params: set[Value]) -> None:
        if not params <= self._params[fn.name]:
            self._params[fn.name] |= params
            self._work[fn.name] = fn

    def _again(self) -> None:
        self._work = {fn.name: fn for fn in self._module.functions}


def _own(fn: Function) -> set[Value]:
    return {op.result for op in fn.ops() if isinstance(op, FrameAddr)}


def _made_of(fn: Function, start: set[Value]) -> set[Value]:
    """The values, and what renaming, joining and arithmetic make of them."""
    following: dict[Value, list[Value]] = {}
    for op in fn.ops():
        if isinstance(op, (Alu, Assume)):
            for operand in operands(op):
                if type(operand) is Value:
                    following.setdefault(operand, []).append(op.result)
        for edge in edges(op):
            for param, arg in zip(edge.block.params, edge.args, strict=True):
                if type(arg) is Value:
                    following.setdefault(arg, []).append(param)
    return closure(start, (following,))
