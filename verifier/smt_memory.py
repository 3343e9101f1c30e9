"""What loads give, in a query: bytes of private memory are constants, the same for every load that sees the same writes.

    v3 = load.2 v1, 12; v9 = load.1 v1, 13        v3 = (concat y1 y0), v9 = y1

Only the packet and the context are private to a run; what is loaded from elsewhere may be anything, and is noted as an input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.frame import Write, byte_mask, frame_offset
from bpfcc.bpfir.ops import Load, Operand, Store
from bpfcc.verifier.facts import Fact, number_of, pointers_of
from bpfcc.verifier.smt_terms import wide

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Value
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.linear import Terms
    from bpfcc.verifier.smt_encode import Encoder, Word
    from bpfcc.verifier.unit import Unit

MAX_WALK: Final = 400


class Input(NamedTuple):
    """A byte that a run could be given: where it lies in which region; `at` names a constant to add to `offset`."""

    name: str
    region: Region
    offset: int
    at: str | None = None
    size: int = 1


def stored(unit: Unit, op: Load) -> Operand | None:
    """What was stored in just those bytes of the frame before, where the frame's versions show a single store."""
    version = unit.frame.sees.get(op)
    base = frame_offset(op.base)
    if version is None or base is None:
        return None
    cell = (base + op.offset, op.size_bytes)
    mask = byte_mask(*cell, unit.fn.frame_bytes)
    for _ in range(MAX_WALK):
        if type(version) is not Write:
            return None
        if version.mask & mask:
            break
        version = version.before
    if type(version) is not Write or not version.exact or type(version.op) is not Store:
        return None
    store = version.op
    where = frame_offset(store.base)
    return store.value if where is not None and (where + store.offset, store.size_bytes) == cell else None


@final
class Bytes:
    """Bytes of one query. `inputs`: those that a run could be given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._names: dict[tuple[str, int, Terms, int], str] = {}
        self._shared: dict[int, Word] = {}
        self.inputs: Final[list[Input]] = []

    def load(self, op: Load, value: Value) -> Word | None:
        """The word of a load that gives a number; None where it may be any that its fact allows."""
        from bpfcc.verifier.smt_encode import Word

        given = self._encoder.given
        base = given.facts.known(op.base)
        found = pointers_of(base)
        if type(base) is not Fact or number_of(base) is not None or len(found) != 1:
            return None
        region = found[0].region
        if region.kind not in ("packet", "meta", "ctx"):
            if found[0].offset.is_const():
                self.inputs.append(Input(f"v{value.id}", region, found[0].offset.smin + op.offset, size=op.size_bytes))
            return None
        total = given.linear.of(value)
        symbol = total.terms[0][0] if len(total.terms) == 1 and total.terms[0][1] == 1 and not total.constant else 0
        if symbol in self._shared:
            return self._shared[symbol]
        names = self._bytes(op, region)
        ordered = names if given.unit.module.endian == "big" else names[::-1]
        term = f"(concat {' '.join(ordered)})" if len(ordered) > 1 else ordered[0]
        bits = 8 * op.size_bytes
        word = Word(f"((_ sign_extend {64 - bits}) {term})" if op.signed and bits < 64 else wide(bits, term))
        if symbol:
            self._shared[symbol] = word
        return word

    def _bytes(self, op: Load, region: Region) -> list[str]:
        encoder = self._encoder
        given = encoder.given
        total = given.linear.of(op.base)
        kind = "ctx" if region.kind == "ctx" else "packet"
        version = given.writes.version(kind, op)
        found = []
        for at in range(op.size_bytes):
            key = (kind, version, total.terms, total.constant + op.offset + at)
            name = self._names.get(key)
            if name is None:
                name = self._names[key] = encoder.declare(f"y{len(self._names)}", 8)
                self._note(name, op, region, key[3])
            found.append(name)
        return found

    def _note(self, name: str, op: Load, region: Region, offset: int) -> None:
        """Where in the input the byte is."""
        given = self._encoder.given
        fact = given.facts.known(op.base)
        p = pointers_of(fact)[0]
        if p.offset.is_const():
            delta = p.offset.smin - given.linear.of(op.base).constant
            self.inputs.append(Input(name, region, offset + delta))
        elif op.base in self._encoder.words:
            encoder = self._encoder
            place = f"a{name}"
            encoder.declare(place)
            encoder.claim(f"(= {place} {encoder.offset(encoder.of(op.base))})")
            self.inputs.append(Input(name, region, offset - given.linear.of(op.base).constant, at=place))


__all__ = ["Bytes", "Input", "stored"]
