"""The control flow of a function as the lowering sees it: without renamings, in the order the code will have.

    b0: if ult.64 v1, 9 then b2() else b1()        order: b0 b1 b2, `assume`s are their values,
    b1: v2 = assume v1 …; jump b3(v2)              edges to blocks that only jump lead on
    b2: …

The IR itself is shared with the verdict and is never changed: a `Flow` refers to its operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Assume, Branch, Cast, Jump, Load, Value

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Op, Operand

PARAM_ROUNDS: Final = 3


@final
class Node:
    """A block to be emitted. `charge` is the steps of the block and of what it runs into without a test."""

    __slots__ = ("args", "block", "charge", "cost", "index", "loop", "ops", "params", "targets")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.ops: list[Op] = []
        self.params: list[Value] = []
        self.targets: list[Node] = []
        # One list of arguments for each target.
        self.args: list[list[Operand]] = []
        self.index = 0
        self.loop = 0
        self.cost = 0
        self.charge = 0


@final
class Flow:
    """`nodes` in the order of the code; `resolve` gives what an operand stands for."""

    __slots__ = ("alias", "fn", "node_of", "nodes")

    def __init__(self, fn: Function) -> None:
        self.fn = fn
        self.alias: dict[Value, Operand] = {}
        self.node_of: dict[Block, Node] = {}
        order = self._reach()
        for block in order:
            self._renamings(block)
        self._drop_trivial_params(order)
        self.nodes = [self.node_of[block] for block in order]
        for node in self.nodes:
            self._connect(node)
        self.nodes = _layout(self.nodes)
        _mark_loops(self.nodes)
        _charge(self.nodes)

    def resolve(self, operand: Operand) -> Operand:
        """What `operand` is once renamings are followed."""
        alias = self.alias
        while operand in alias:
            operand = alias[operand]
        return operand

    def _reach(self) -> list[Block]:
        """Blocks in reverse postorder; `otherwise` comes right after its branch where it can."""
        entry = self.fn.entry
        seen = {entry}
        order: list[Block] = []
        stack: list[tuple[Block, list[Block]]] = [(entry, entry.successors())]
        while stack:
            block, left = stack[-1]
            if left:
                successor = left.pop(0)
                if successor not in seen:
                    seen.add(successor)
                    stack.append((successor, successor.successors()))
            else:
                stack.pop()
                order.append(block)
        order.reverse()
        for block in order:
            self.node_of[block] = Node(block)
        return order

    def _renamings(self, block: Block) -> None:
        node = self.node_of[block]
        counted = set()
        for op in block.ops:
            counted.add(op.insn)
            if type(op) is Assume or (type(op) is Cast and op.kind == "zext" and _narrow(op)):
                self.alias[op.result] = op.value
            else:
                node.ops.append(op)
        counted.add(block.terminator.insn)
        counted.discard(-1)
        node.cost = len(counted)

    def _drop_trivial_params(self, order: list[Block]) -> None:
        """A parameter that every edge gives one value, or itself, is that value."""
        incoming: dict[Block, list[list[Operand]]] = {block: [] for block in order}
        for block in order:
            for edge in block.edges():
                incoming[edge.block].append(edge.args)
        alias, resolve = self.alias, self.resolve
        for _ in range(PARAM_ROUNDS):
            changed = False
            for block in order:
                for at, param in enumerate(block.params):
                    if param in alias:
                        continue
                    found = {resolve(args[at]) for args in incoming[block]}
                    found.discard(param)
                    if len(found) == 1:
                        alias[param] = found.pop()
                        changed = True
            if not changed:
                break

    def _connect(self, node: Node) -> None:
        block = node.block
        node.params = [param for param in block.params if param not in self.alias]
        for edge in block.edges():
            target, args = edge.block, edge.args
            seen = {target}
            while not self.node_of[target].ops and not target.params and isinstance(target.terminator, Jump):
                following = target.terminator.target
                target, args = following.block, following.args
                if target in seen:
                    break
                seen.add(target)
            node.targets.append(self.node_of[target])
            kept = zip(target.params, args, strict=True)
            node.args.append([self.resolve(arg) for param, arg in kept if param not in self.alias])
        if isinstance(block.terminator, Branch) and node.targets[0] is node.targets[1] and node.args[0] == node.args[1]:
            del node.targets[1], node.args[1]


def _narrow(op: Cast) -> bool:
    """Whether a zero extension changes nothing, as far as the operation that made the value tells."""
    value = op.value
    made = value.definition if type(value) is Value else None
    while type(made) is Assume:
        value = made.value
        made = value.definition if type(value) is Value else None
    return type(made) is Load and not made.signed and made.size_bytes * 8 <= op.from_bits


def _layout(nodes: list[Node]) -> list[Node]:
    """Chains along the ways that need no jump, begun in reverse postorder; what nothing reaches any more is left out."""
    reached = {nodes[0]}
    work = [nodes[0]]
    while work:
        for target in work.pop().targets:
            if target not in reached:
                reached.add(target)
                work.append(target)
    placed: set[Node] = set()
    order: list[Node] = []
    for seed in nodes:
        node: Node | None = seed
        while node is not None and node not in placed and node in reached:
            placed.add(node)
            order.append(node)
            node = next((target for target in reversed(node.targets) if target not in placed), None)
    for index, node in enumerate(order):
        node.index = index
    return order


def _mark_loops(nodes: list[Node]) -> None:
    """`loop` counts the back edges that go around a block: an estimate of how often it runs."""
    change = [0] * (len(nodes) + 1)
    for node in nodes:
        for target in node.targets:
            if target.index <= node.index:
                change[target.index] += 1
                change[node.index + 1] -= 1
    depth = 0
    for node in nodes:
        depth += change[node.index]
        node.loop = depth


def _charge(nodes: list[Node]) -> None:
    for node in reversed(nodes):
        node.charge = node.cost
        if len(node.targets) == 1 and node.targets[0].index > node.index:
            node.charge += node.targets[0].charge
