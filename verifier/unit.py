"""One function as it is judged: the code with its graph, the surroundings with their tables, and the regions that its pointers point to.

unit = Unit(fn, module, request)
unit.packet(0)                  the packet as the function finds it
unit.map_value(op, spec)        a value that the lookup `op` found
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.bpfir.dominance import Dominators
from bpfcc.bpfir.frame import FrameMemory
from bpfcc.bpfir.loops import find_loops
from bpfcc.bpfir.ops import Branch, Call, CallExtern, CallFunction, CallIndirect, FrameAddr, Op, Value
from bpfcc.bpfir.reach import Reach
from bpfcc.bpfir.renamed import renamed
from bpfcc.verifier import pseudo
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.epochs import Epochs
from bpfcc.verifier.facts import Region

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import HelperEffects
    from bpfcc.bpfir.function import Block, Function, Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs.model import Field, Helper
    from bpfcc.verifier.callgraph import CallGraph
    from bpfcc.verifier.expand import Expanded
    from bpfcc.verifier.options import MapFields, Request
    from bpfcc.verifier.writers import Sources

STALE: Final = -1
OUTERMOST: Final = (0,)
FRAME_BYTES: Final = 512
PACKET_KINDS: Final = frozenset({"packet_start", "packet_end", "packet_meta", "memory_start", "memory_end"})

# Hooks of security modules whose result is a `bool` (kernel/bpf/bpf_lsm.c, bool_lsm_hooks).
YES_OR_NO: Final = frozenset({"xfrm_state_pol_flow_match", "audit_rule_known", "inode_xattr_skipcap"})


@final
class Surroundings:
    """What is the same for every function of a module: tables, context layout, maps."""

    def __init__(self, module: Module, request: Request) -> None:
        self.module: Final = module
        self.request: Final = request
        self.platform: Final = request.platform
        self.type: Final = request.platform.program_type(request.type)
        attach = self.type.attach_types.get(request.attach_type or "")
        self.context: Final = request.platform.context_of(request.type)
        self.readable: Final = request.platform.readable_fields(request.type, request.attach_type)
        self.writable: Final = request.platform.writable_fields(request.type, request.attach_type)
        wanted = attach.return_range if attach is not None and attach.return_range is not None else self.type.return_range
        self.return_range: Final = (0, 1) if request.attach_type == "lsm_mac" and request.attach_target in YES_OR_NO else wanted
        self.arguments: Final = self._arguments()
        self._helpers: dict[int, Helper | None] = {}
        self._effects: dict[int, HelperEffects | None] = {}
        self._of_helper = self.platform.effects_for(request.type)
        self._other: Surroundings | None = None
        self._map_fields: dict[int, MapFields | None] = {}
        self._fields: dict[tuple[int, int], Field | None] = {}

    def _arguments(self) -> tuple[Any, ...] | None:
        types = self.request.kernel_types
        if types is None or self.context is None or self.context.name != "tracing":
            return None
        return types.arguments(self.request.type, self.request.attach_type, self.request.attach_target)

    def helper(self, number: int) -> Helper | None:
        """The helper's row, a type's own included; None where the platform has none."""
        if number not in self._helpers:
            real = pseudo.real_number(number)
            own = self.type.own_helpers.get(real)
            self._helpers[number] = own or self.platform.helpers_by_id.get(real)
        return self._helpers[number]

    def effects(self, number: int, /) -> HelperEffects | None:
        """As `Platform.effects_for`, pseudo helpers included."""
        if number >= 0:
            return self._of_helper(number)
        if number not in self._effects:
            self._effects[number] = pseudo.effects_of(self, number)
        return self._effects[number]

    def where(self, *, sleepable: bool) -> Surroundings:
        """The same for what may sleep though the program may not, or the other way round."""
        if sleepable == self.request.sleepable:
            return self
        if self._other is None:
            self._other = Surroundings(self.module, replace(self.request, sleepable=sleepable))
        return self._other

    @cached_property
    def graph(self) -> CallGraph:
        """Who calls whom."""
        from bpfcc.verifier.callgraph import CallGraph

        return CallGraph(self)

    def field_at(self, offset: int, size: int) -> Field | None:
        """The context field that an access lies in."""
        key = (offset, size)
        if key not in self._fields:
            fields = self.context.fields if self.context is not None else ()
            self._fields[key] = next((f for f in fields if f.offset <= offset and offset + size <= f.offset + f.size), None)
        return self._fields[key]

    def moves_packet(self, op: Op) -> bool:
        """Whether packet pointers are stale after it."""
        if type(op) is Call:
            if pseudo.is_pseudo(op.helper):
                return pseudo.moves_packet(self, op.helper)
            helper = self.helper(op.helper)
            # Where a tail call comes back here it failed, and nobody moved anything.
            return helper is None or (helper.moves_packet and helper.name != "tail_call")
        if type(op) is CallExtern:
            from bpfcc.verifier import kfuncs

            return kfuncs.moves_packet(self, op)
        return type(op) in (CallFunction, CallIndirect)

    def map_fields(self, spec: MapSpec) -> MapFields | None:
        """Special members of a map's values."""
        key = id(spec)
        if key not in self._map_fields:
            types = self.request.object_types
            self._map_fields[key] = types.map_fields(spec) if types is not None else None
        return self._map_fields[key]


@final
class Unit:
    """A function to judge, expanded already, with the analyses that only look at its shape."""

    def __init__(self, form: Function | Expanded, around: Surroundings, returns: tuple[int, int] | None = None) -> None:
        from bpfcc.verifier.expand import Expanded

        self.form: Final = form if isinstance(form, Expanded) else Expanded(form)
        fn = self.form.fn
        self.fn: Final = fn
        self.around: Final = around
        # What the function may return; None: any number.
        self.returns: Final = returns
        self.module: Final = around.module
        self.dominators: Final = Dominators(fn)
        self.loops: Final = find_loops(self.dominators)
        self.order: Final = self.dominators.order
        self.number: Final = self.dominators.number
        self.epochs: Final = Epochs(self.dominators, self.loops, around.moves_packet)
        self.incoming: Final = fn.predecessors()
        self.block_of: Final[dict[Op, Block]] = {op: block for block in self.order for op in block.ops}
        self.frame: Final = FrameMemory(fn, Reach(around.module, around.effects))
        # Tests of each value: the block that only one outcome of the branch leads to, the branch, and whether that is the first.
        self.tested: Final[dict[Value, list[tuple[Block, Branch, bool]]]] = {}
        for block in self.order:
            if type(block.terminator) is Branch:
                self._note_test(block.terminator)
        self._regions: dict[Any, Region] = {}
        # Where bytes of the frame come from; None as long as facts may still change.
        self.sources: Sources | None = None
        self.back_edges: Final = {(latch, loop.header) for loop in self.loops.loops for latch in loop.latches} | set(self.loops.irreducible)
        self.loop_headers: Final = {target for _, target in self.back_edges}

    def _note_test(self, branch: Branch) -> None:
        for operand in {renamed(branch.lhs), renamed(branch.rhs)}:
            if type(operand) is Value:
                for edge, first in ((branch.then, True), (branch.otherwise, False)):
                    if len(self.incoming[edge.block]) == 1:
                        self.tested.setdefault(operand, []).append((edge.block, branch, first))

    def repeats(self, block: Block | None) -> bool:
        """Whether the block may be run more than once. Of loops with several entries it is not known what lies in them."""
        return block in self.loops.innermost or bool(self.loops.irreducible)

    # ---- regions

    def region(self, key: Any, kind: str, name: str, size: int = 0, **more: Any) -> Region:
        """One region for each key."""
        found = self._regions.get(key)
        if found is None:
            found = self._regions[key] = Region(kind, name, size, **more)
        return found

    @property
    def ctx(self) -> Region:
        """The context."""
        size = self.around.context.size if self.around.context is not None else 0
        return self.region("ctx", "ctx", "the context", size, unique=True)

    def chain_of(self, op: Op) -> tuple[int, ...]:
        """The activation that `op` belongs to."""
        block = self.block_of.get(op)
        return self.form.activations.get(block, OUTERMOST) if block is not None else OUTERMOST

    def frame_region(self, op: FrameAddr) -> Region:
        """The frame that an address is in; offsets count from the outermost r10."""
        chain = self.form.frames.get(op, OUTERMOST)
        low = -FRAME_BYTES * len(chain)
        return self.region(("frame", chain), "frame", "the stack frame", FRAME_BYTES, site=low, type=chain, unique=True)

    def packet(self, epoch: int) -> Region:
        """The packet, from data to data_end, in one epoch."""
        # Stale ones may be of different epochs: nothing follows from their order.
        return self.region(("packet", epoch), "packet", "the packet", epoch=epoch, unique=epoch != STALE)

    def meta(self, epoch: int) -> Region:
        """From data_meta to data."""
        return self.region(("meta", epoch), "meta", "the packet's metadata", epoch=epoch, unique=epoch != STALE)

    def map_handle(self, spec: MapSpec, index: int | None = None) -> Region:
        """A map, as helpers take it."""
        return self.region(("map", id(spec), index), "map", f"map {spec.name}", map=spec, unique=True)

    def global_data(self, spec: MapSpec) -> Region:
        """The one value of a map of global data."""
        return self.region(
            ("data", id(spec)),
            "map_value",
            f"section {spec.name}",
            spec.value_size,
            map=spec,
            read_only=spec.read_only_program,
            unique=True,
        )

    def map_value(self, site: Op, spec: MapSpec) -> Region:
        """A value that `site` found."""
        return self.region(
            (site, id(spec)), "map_value", f"a value of map {spec.name}", spec.value_size, map=spec, site=site,
            read_only=spec.read_only_program, unique=not self.repeats(self.block_of.get(site)),
        )  # fmt: skip

    def memory(self, site: Any, name: str, size: int, **more: Any) -> Region:
        """Other memory of a known size."""
        return self.region((site, name, size), "mem", name, size, site=site, **more)

    def object(self, site: Any, kind: str, name: str, **more: Any) -> Region:
        """A socket, a kernel object: what has no memory of its own here."""
        return self.region((site, kind, name, more.get("type"), more.get("ref")), kind, name, site=site, **more)

    def older(self, region: Region) -> Region:
        """The same thing from an earlier round of the loop that made it."""
        return self.region(
            ("older", region if region.ref is None or not _is_older(region.ref) else id(region)), region.kind, region.name, region.size,
            map=region.map, site=region.site, ref=("older", region.ref) if not _is_older(region.ref) else region.ref,
            type=region.type, read_only=region.read_only,
        )  # fmt: skip


def _is_older(ref: Any) -> bool:
    return isinstance(ref, tuple) and ref[0] == "older"


__all__ = ["OUTERMOST", "Surroundings", "Unit", "sc"]
