"""The control flow of a function as the lowering sees it: without renamings, in the order the code will have.

    b0: if ult.64 v1, 9 then b2() else b1()        order: b0 b1 b2, `assume`s are their values,
    b1: v2 = assume v1 …; jump b3(v2)              edges to blocks that only jump lead on
    b2: …

The IR itself is shared with the verdict and is never changed: a `Flow` refers to its operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Assume, Branch, Call, Cast, Jump, Load, PacketLoad, Value

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block, Function
    from bpfcc.bpfir.ops import Op, Operand

PARAM_ROUNDS: Final = 3


@final
class Node:
    """A block to be emitted. `charge` is the steps of the block and of what it runs into without a test.

    `may_end`: something in it may end the program, so that its way on is paid when it is taken.
    """

    __slots__ = ("args", "block", "charge", "cost", "extra", "index", "loop", "may_end", "ops", "params", "targets")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.ops: list[Op] = []
        self.params: list[Value] = []
        self.targets: list[Node] = []
        # One list of arguments for each target, and the steps of what lies on the way and holds nothing else.
        self.args: list[list[Operand]] = []
        self.extra: list[int] = []
        self.index = 0
        self.loop = 0
        self.cost = 0
        self.charge = 0
        self.may_end = False


@final
class Flow:
    """`nodes` in the order of the code; `resolve` gives what an operand stands for. `tail_call` is the helper of tail calls, where steps
    are counted."""

    __slots__ = ("alias", "counted", "fn", "node_of", "nodes", "skip", "tail_call")

    def __init__(self, fn: Function, tail_call: int | None = None) -> None:
        self.fn = fn
        self.tail_call = tail_call
        self.alias: dict[Value, Operand] = {}
        self.node_of: dict[Block, Node] = {}
        self.skip: dict[Block, tuple[Block, list[Operand], int]] = {}
        order = self._reach()
        # IR that was read as text knows only of instructions that left an operation.
        self.counted = any(block.steps for block in order)
        for block in order:
            self._renamings(block)
        self._drop_trivial_params(order)
        self.nodes = [self.node_of[block] for block in order]
        for node in reversed(self.nodes):
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
                if self.tail_call is not None and (type(op) is PacketLoad or (type(op) is Call and op.helper == self.tail_call)):
                    node.may_end = True
        counted.add(block.terminator.insn)
        counted.discard(-1)
        node.cost = block.steps if self.counted else len(counted)

    def _drop_trivial_params(self, order: list[Block]) -> None:
        """A parameter that every edge gives one value, or itself, is that value."""
        incoming: dict[Block, list[list[Operand]]] = {block: [] for block in order}
        for block in order:
            for edge in block.edges():
                incoming[edge.block].append(edge.args)
        alias = self.alias
        for _ in range(PARAM_ROUNDS):
            changed = False
            for block in order:
                for at, param in enumerate(block.params):
                    if param not in alias:
                        only = _only(param, incoming[block], at, alias)
                        if only is not None:
                            alias[param] = only
                            changed = True
            if not changed:
                break

    def _connect(self, node: Node) -> None:
        block = node.block
        node.params = [param for param in block.params if param not in self.alias]
        for edge in block.edges():
            target, args, extra = self.skip.get(edge.block) or (edge.block, edge.args, 0)
            if extra and not self.counted and edge.block.terminator.insn == block.terminator.insn:
                extra -= 1  # a block for the renamings of one way of a branch stands for no instruction of its own
            extra += edge.steps
            node.targets.append(self.node_of[target])
            kept = zip(target.params, args, strict=True)
            node.args.append([self.resolve(arg) for param, arg in kept if param not in self.alias])
            node.extra.append(extra)
        jump = block.terminator
        if not node.ops and not block.params and isinstance(jump, Jump) and block is not self.fn.entry:
            # Where edges to this block lead in truth. Later blocks are connected first, so chains are followed at once.
            following = jump.target
            if following.block is not block:
                target, args, extra = self.skip.get(following.block) or (following.block, following.args, 0)
                self.skip[block] = (target, args, extra + following.steps + node.cost)
        ways = list(zip(node.targets, node.args, node.extra, strict=True))
        if isinstance(block.terminator, Branch) and ways[0] == ways[1]:
            del node.targets[1], node.args[1], node.extra[1]


def _only(param: Value, incoming: list[list[Operand]], at: int, alias: dict[Value, Operand]) -> Operand | None:
    """The one operand that every edge passes for `param`, itself not counted; None where there are two."""
    only: Operand | None = None
    for args in incoming:
        arg = args[at]
        while arg in alias:
            arg = alias[arg]
        if arg is param or arg is only or (only is not None and arg == only):
            continue
        if only is not None:
            return None
        only = arg
    return only


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
        if len(node.targets) == 1 and node.targets[0].index > node.index and not node.may_end:
            node.charge += node.targets[0].charge + node.extra[0]
