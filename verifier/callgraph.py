"""Who calls whom: recursion, nesting, the stack of a chain of calls, and what a function does through others.

    main -> parse -> next_byte          3 frames, 48 + 16 + 32 bytes
    main -> step  (given to bpf_loop)   a call too
    main -> fires (given to a timer)    a chain of its own: it runs later

Linux counts a function whose address is taken as called (kernel/bpf/verifier.c, check_max_stack_depth).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from bpfcc.bpfir.frame import used_bytes
from bpfcc.bpfir.ops import Assume, Call, CallExtern, CallFunction, CallIndirect, FuncAddr, Op, Operand, Value
from bpfcc.verifier.checks.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Function
    from bpfcc.runtime.specs.model import Callback
    from bpfcc.verifier.unit import Surroundings

MAX_FUNCTIONS_SHOWN: Final = 10
Kind = Literal["call", "callback", "deferred", "address"]


class Site(NamedTuple):
    """A call of `callee` at `op`."""

    op: Op
    callee: str
    kind: Kind


class Fault(NamedTuple):
    """What is wrong with the graph: at `op` of `function`."""

    function: str
    op: Op
    problem: Problem


def function_named_by(operand: Operand) -> str | None:
    """The function that a value is the address of, where the code says so."""
    while type(operand) is Value:
        definition = operand.definition
        if type(definition) is FuncAddr:
            return definition.function
        if type(definition) is not Assume:
            return None
        operand = definition.value
    return None


@final
class CallGraph:
    """The calls of a module. `order`: functions that the entry reaches, callers before callees; empty where a function calls itself."""

    def __init__(self, around: Surroundings) -> None:
        self._around: Final = around
        self.entry: Final = around.module.entry.name
        self.functions: Final = {fn.name: fn for fn in around.module.functions}
        self.sites: Final = {name: self._sites_of(fn) for name, fn in self.functions.items()}
        self.tail_calls: Final = {name: _first(fn, self.is_tail_call) for name, fn in self.functions.items()}
        self.stack: Final = {name: max(fn.stack_bytes, used_bytes(fn)) for name, fn in self.functions.items()}
        self.faults: Final[list[Fault]] = []
        # Bytes of stack of the deepest chain, aligned.
        self.stack_bytes = 0
        self._moves: dict[str, bool] = {}
        self._sleeping: dict[str, str | None] = {}
        self.order: Final = self._ordered()
        if self.order:
            self._callbacks()
            self._nesting()

    # ---- calls

    def callback_of(self, op: Op) -> Callback | None:
        """What the call calls back."""
        if type(op) is Call:
            helper = self._around.helper(op.helper)
            return helper.callback if helper is not None else None
        if type(op) is CallExtern:
            kfunc = self._around.platform.kfuncs.by_name.get(self._around.module.externs[op.extern].name)
            return kfunc.callback if kfunc is not None else None
        return None

    def is_tail_call(self, op: Op) -> bool:
        """Whether the operation is a tail call."""
        if type(op) is not Call:
            return False
        helper = self._around.helper(op.helper)
        return helper is not None and helper.name == "tail_call"

    def _sites_of(self, fn: Function) -> tuple[Site, ...]:
        found: list[Site] = []
        addresses: dict[str, Op] = {}
        given: set[str] = set()
        for block in fn.blocks:
            for op in block.ops:
                if type(op) is CallFunction:
                    found.append(Site(op, op.function, "call"))
                elif type(op) is FuncAddr:
                    addresses.setdefault(op.function, op)
                elif type(op) is CallIndirect:
                    target = function_named_by(op.target)
                    if target is not None:
                        given.add(target)
                        found.append(Site(op, target, "call"))
                elif type(op) is Call or type(op) is CallExtern:
                    self._callback(op, found, given)
        found += [Site(op, name, "address") for name, op in addresses.items() if name not in given]
        return tuple(found)

    def _callback(self, op: Call | CallExtern, found: list[Site], given: set[str]) -> None:
        callback = self.callback_of(op)
        if callback is None or callback.function >= len(op.args):
            return
        name = function_named_by(op.args[callback.function])
        if name is not None:
            given.add(name)
            found.append(Site(op, name, "deferred" if callback.deferred else "callback"))

    # ---- order

    def roots(self) -> list[str]:
        """Where chains of calls begin: the program, and what runs later."""
        later = [site.callee for sites in self.sites.values() for site in sites if site.kind == "deferred"]
        return list(dict.fromkeys([self.entry, *later]))

    def _ordered(self) -> list[str]:
        """Depth first; a call back to a function that is still open is recursion."""
        done: list[str] = []
        state: dict[str, int] = {}
        for root in self.roots():
            if root in state:
                continue
            state[root] = 1
            stack = [(root, iter(self._followed(root)))]
            while stack:
                name, rest = stack[-1]
                site = next(rest, None)
                if site is None:
                    state[name] = 2
                    done.append(name)
                    stack.pop()
                elif state.get(site.callee) == 1:
                    self._recursion(name, site, [each for each, _ in stack])
                elif site.callee not in state:
                    state[site.callee] = 1
                    stack.append((site.callee, iter(self._followed(site.callee))))
        return [] if self.faults else done[::-1]

    def _followed(self, name: str) -> list[Site]:
        return [site for site in self.sites[name] if site.kind != "deferred"]

    def _recursion(self, name: str, site: Site, open_: list[str]) -> None:
        chain = [*open_[open_.index(site.callee) :], site.callee]
        known = f"the calls are {_shown(chain)}" if len(chain) > 2 else None
        what = f"{site.callee} calls itself" if len(chain) == 2 else f"{site.callee} calls itself through {chain[-2]}"
        self.faults.append(Fault(name, site.op, Problem("V061", what, required="calls without a cycle", known=known)))

    # ---- depth

    def _nesting(self) -> None:
        limits = self._around.platform.limits
        per_frame = limits.stack_per_frame or self._around.type.stack_per_frame
        roots = set(self.roots())
        frames = {name: int(name in roots) for name in self.order}
        above = dict.fromkeys(self.order, 0)
        callers: dict[str, str] = {}
        too_deep = too_large = False
        for name in self.order:
            size = self._aligned(name)
            total = above[name] + size
            self.stack_bytes = max(self.stack_bytes, total)
            tail = self.tail_calls[name]
            if tail is not None and name != self.entry:
                self._tail_call(name, tail, above[name], callers)
            for site in self._followed(name):
                frames[site.callee] = max(frames[site.callee], frames[name] + 1)
                if frames[name] >= limits.call_depth and frames[name] + 1 > limits.call_depth and not too_deep:
                    too_deep = True
                    known = f"this is frame {frames[name] + 1}"
                    self.faults.append(
                        Fault(
                            name,
                            site.op,
                            Problem("V063", "calls are nested too deeply", required=f"at most {limits.call_depth} frames", known=known),
                        )
                    )
                if total >= above[site.callee]:
                    above[site.callee] = total
                    callers[site.callee] = name
                needed = total + self._aligned(site.callee)
                if needed > limits.stack_bytes and not per_frame and not too_large:
                    too_large = True
                    self._too_large(name, site, needed, callers)

    def _aligned(self, name: str) -> int:
        unit = max(self._around.platform.limits.stack_align, 1)
        return -(-self.stack[name] // unit) * unit

    def _chain(self, name: str, callers: dict[str, str]) -> list[str]:
        chain = [name]
        while chain[-1] in callers:
            chain.append(callers[chain[-1]])
        return chain[::-1]

    def _too_large(self, name: str, site: Site, needed: int, callers: dict[str, str]) -> None:
        limit = self._around.platform.limits.stack_bytes
        sizes = ", ".join(f"{each} {self._aligned(each)}" for each in [*self._chain(name, callers), site.callee][:MAX_FUNCTIONS_SHOWN])
        problem = Problem(
            "V062", f"the frames of {site.callee} and its callers take {needed} bytes", required=f"at most {limit} bytes of stack",
            known=f"bytes of frames: {sizes}",
        )  # fmt: skip
        self.faults.append(Fault(name, site.op, problem))

    def _tail_call(self, name: str, op: Op, above: int, callers: dict[str, str]) -> None:
        limit = self._around.platform.limits.stack_bytes_tail_call
        if limit is None:
            self.faults.append(
                Fault(name, op, Problem("V064", "only the program itself may make tail calls, not the functions that it calls"))
            )
        elif above >= limit:
            problem = Problem(
                "V064", f"a tail call below {above} bytes of stack", required=f"less than {limit} bytes in the frames of the callers",
                known=f"the callers are {_shown(self._chain(name, callers)[:-1])}",
            )  # fmt: skip
            self.faults.append(Fault(name, op, problem))

    def _callbacks(self) -> None:
        """Tail calls from what helpers call."""
        work = [site.callee for name in self.order for site in self.sites[name] if site.kind in ("callback", "deferred")]
        for name in self._below(work):
            op = self.tail_calls[name]
            if op is not None:
                self.faults.append(Fault(name, op, Problem("V064", "a tail call from a callback")))

    def _below(self, names: list[str]) -> list[str]:
        found: dict[str, None] = {}
        work = list(names)
        while work:
            name = work.pop()
            if name not in found:
                found[name] = None
                work += [site.callee for site in self._followed(name)]
        return list(found)

    # ---- what functions do

    def moves_packet(self, name: str) -> bool:
        """Whether packet pointers are stale after a call of the function, whatever it calls."""
        found = self._moves.get(name)
        if found is None:
            found = self._moves[name] = any(
                self._around.moves_packet(op) or self.is_tail_call(op)
                for each in self._below([name])
                for block in self.functions[each].blocks
                for op in block.ops
                if type(op) in (Call, CallExtern, CallIndirect)
            )
        return found

    def sleeping(self, name: str) -> str | None:
        """What the function calls, itself or through others, that may sleep."""
        if name not in self._sleeping:
            found = (self._may_sleep(op) for each in self._below([name]) for block in self.functions[each].blocks for op in block.ops)
            self._sleeping[name] = next((what for what in found if what is not None), None)
        return self._sleeping[name]

    def _may_sleep(self, op: Op) -> str | None:
        if type(op) is Call:
            helper = self._around.helper(op.helper)
            return helper.name if helper is not None and helper.may_sleep else None
        if type(op) is CallExtern:
            kfunc = self._around.platform.kfuncs.by_name.get(self._around.module.externs[op.extern].name)
            return kfunc.name if kfunc is not None and "sleepable" in kfunc.flags else None
        return None


def _first(fn: Function, wanted: Callable[[Op], bool]) -> Op | None:
    return next((op for block in fn.blocks for op in block.ops if wanted(op)), None)


def _shown(names: list[str]) -> str:
    if len(names) > MAX_FUNCTIONS_SHOWN:
        names = [*names[:MAX_FUNCTIONS_SHOWN], "…"]
    return " → ".join(names)


__all__ = ["CallGraph", "Fault", "Site", "function_named_by"]
