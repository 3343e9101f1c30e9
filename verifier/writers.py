"""Where the bytes of a frame place may come from, with facts that are settled: asked for each load, and answered once a version.

    sources.resolve(m7, (-16, 8))      m3: nothing between them writes bytes -16 … -9
    sources.written_by(op)             places that loads read and `op` may write

Paths of memory SSA that come to the same write are passed over together: else each load would walk through every join above it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from bpfcc.bpfir.frame import Join, Version, Write, byte_mask
from bpfcc.bpfir.ops import Load
from bpfcc.verifier.stack import frame_cell, op_may_write

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Op
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.stack import Cell
    from bpfcc.verifier.unit import Unit


@final
class Sources:
    """Of one function. Facts of what writes must be settled before a load that it reaches is asked for."""

    def __init__(self, unit: Unit, facts: Facts) -> None:
        self._unit = unit
        self._facts = facts
        self._resolved: dict[Cell, dict[Version, Version]] = {}
        self._written: dict[Op, tuple[Cell, ...]] = {}
        self._read: frozenset[Cell] | None = None

    def resolve(self, version: Version, cell: Cell) -> Version:
        """The version itself, or an older one with the same bytes there: a write that may be one of them, a join, the start."""
        known = self._resolved.setdefault(cell, {})
        found = known.get(version)
        return found if found is not None else self._resolve(version, cell, known)

    def _resolve(self, version: Version, cell: Cell, known: dict[Version, Version]) -> Version:
        mask = byte_mask(*cell, self._unit.fn.frame_bytes)
        # Without recursion: there may be thousands of versions.
        work = [version]
        while work:
            at = work[-1]
            before: list[Version] = []
            if type(at) is Write:
                if not at.mask & mask or not op_may_write(self._unit, at.op, cell, self._facts.known):
                    before = [at.before]
            elif type(at) is Join and at.block not in self._unit.loop_headers:
                before = at.incoming
            missing = [each for each in before if each not in known]
            if missing:
                work += missing
                continue
            targets = {known[each] for each in before}
            known[at] = targets.pop() if len(targets) == 1 else at
            work.pop()
        return known[version]

    @property
    def read(self) -> frozenset[Cell]:
        """Places of the frame that a load reads, where it is clear which one."""
        if self._read is None:
            cells = [frame_cell(self._facts.known(op.base), op.offset, op.size_bytes) for op in self._unit.frame.sees if type(op) is Load]
            self._read = frozenset(cell for cell in cells if cell is not None)
        return self._read

    def written_by(self, op: Op) -> tuple[Cell, ...]:
        """Those of them that the operation may write."""
        found = self._written.get(op)
        if found is None:
            known = self._facts.known
            found = self._written[op] = tuple(cell for cell in sorted(self.read) if op_may_write(self._unit, op, cell, known))
        return found
