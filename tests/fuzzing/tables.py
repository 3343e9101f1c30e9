"""Pieces of programs that use maps and global data.

POOL["flows"]                       a map that programs may have
w = TableWriter(rng, "xdp", ("flows", "words"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.module import MapSpec
from tests.fuzzing.memory import KEY, VALUE, VALUE_BYTES, MemoryWriter
from tests.fuzzing.writer import FP, SIZES

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

READ_ONLY, NO_PREALLOC = 0x80, 1
POOL: Final = {
    spec.name: spec
    for spec in (
        MapSpec("words", "array", 4, 8, 4),
        MapSpec("table", "array", 4, 64, 2),
        MapSpec("odd", "array", 4, 20, 3),
        MapSpec("percpu", "percpu_array", 4, 24, 3),
        MapSpec("flows", "hash", 8, 16, 8),
        MapSpec("shorts", "hash", 4, 4, 4),
        MapSpec("uneven", "hash", 6, 12, 6, NO_PREALLOC),
        MapSpec("counts", "percpu_hash", 4, 8, 8),
        MapSpec("recent", "lru_hash", 4, 8, 1024),
        MapSpec("routes", "lpm_trie", 8, 8, 8, NO_PREALLOC),
    )
}
GLOBAL: Final = MapSpec(".data", "array", 4, 64, 1, initial=bytes(range(1, 65)), section=".data")
CONSTANT: Final = MapSpec(".rodata", "array", 4, 32, 1, READ_ONLY, initial=bytes(range(0xC0, 0xE0)), section=".rodata")
JUMPS: Final = MapSpec("jumps", "prog_array", 4, 4, 4)
LOOKUP, UPDATE, DELETE = 1, 2, 3
UPDATE_FLAGS: Final = (0, 0, 0, 1, 2, 8)


def indexed(spec: MapSpec) -> bool:
    """Whether keys are indices."""
    return spec.type.endswith("array")


class TableWriter(MemoryWriter):
    """Writes pieces that use maps; `maps` are those of the program, by index."""

    def __init__(self, rng: random.Random, kind: str, maps: Sequence[MapSpec]) -> None:
        super().__init__(rng, kind)
        self.maps = list(maps)
        self.tables = [index for index, spec in enumerate(maps) if spec.name in POOL]
        self.globals = [index for index, spec in enumerate(maps) if spec.initial is not None]
        self.variables = [index for index in self.globals if not maps[index].read_only_program]

    # ---- maps

    def key(self, spec: MapSpec) -> None:
        """A key in the frame."""
        rng = self.rng
        if spec.type == "lpm_trie":
            self.form("stw", FP, off=KEY, imm=rng.choice((32, 32, 24, 8, 0)))
            self._small(KEY + 4, 4)
            return
        if spec.key_size > 4:
            # All eight bytes are written; a key of six takes the first of them.
            self.form("stdw", FP, off=KEY, imm=0)
        self._small(KEY, 4)

    def _small(self, offset: int, most: int) -> None:
        """Four bytes of a key: few different ones, so that they meet."""
        rng = self.rng
        if rng.random() < 0.3:
            self.form("stw", FP, off=offset, imm=rng.randrange(most + 1))
            return
        with self.temporary(1) as (index,):
            self.masked(index, most if rng.random() < 0.7 else 8)
            self.form("stxw", FP, index, offset)

    def _argument(self, register: int, offset: int) -> None:
        self.numbers.discard(register)
        self.mov(register, FP)
        self.form("add64_imm", register, imm=offset)

    def lookup(self) -> None:
        """A value is looked up, and something done with it where it is there."""
        rng = self.rng
        index = rng.choice(self.tables)
        spec = self.maps[index]
        self.key(spec)
        self._argument(2, KEY)
        self.map(1, index)
        self.call(LOOKUP)
        self.numbers.discard(0)
        with self.holding(0):
            if rng.random() < 0.15:
                self.wait(0)
            absent = self.label()
            if rng.random() < 0.7:
                self.form("jeq_imm", 0, imm=0, to=absent)
            else:
                there = self.label()
                self.form("jne_imm", 0, imm=0, to=there)
                self.goto(absent)
                self.place(there)
            base = 0
            if rng.random() < 0.4:
                base = self.temporaries(1)[0]
                self.mov(base, 0)
            with self.holding(base):
                for _ in range(rng.choice((1, 1, 2, 3))):
                    self.value(base, spec)
            self.place(absent)
        self.settle()

    def value(self, base: int, spec: MapSpec) -> None:
        """Something is done with a value."""
        rng = self.rng
        size = rng.choice([size for size in (1, 2, 4, 8) if size <= spec.value_size])
        offset = rng.randrange(0, spec.value_size - size + 1, size)
        kind = rng.random()
        if kind < 0.5:
            self.access(base, offset, size)
        elif kind < 0.75:
            self.atomic(base, offset, size)
        else:
            count = 1
            while 2 * count * size <= spec.value_size:
                count *= 2
            with self.temporary(2) as (where, place):
                self.masked(where, count)
                if size > 1:
                    self.form("lsh64_imm", where, imm={2: 1, 4: 2, 8: 3}[size])
                self.mov(place, base)
                self.form("add64_reg", place, where)
                self.access(place, 0, size)

    def update(self) -> None:
        """A value is put into a map; r0 says how that went."""
        rng = self.rng
        index = rng.choice(self.tables)
        spec = self.maps[index]
        if spec.value_size > VALUE_BYTES:
            self.lookup()
            return
        for at in range(0, spec.value_size, 8):
            size = 8 if spec.value_size - at >= 8 else 4
            if rng.random() < 0.3:
                self.form(f"st{SIZES[size]}", FP, off=VALUE + at, imm=self.edge())
            else:
                self.form(f"stx{SIZES[size]}", FP, self.number(), VALUE + at)
        self.key(spec)
        self._argument(2, KEY)
        self._argument(3, VALUE)
        self.numbers.discard(4)
        self.form("mov64_imm", 4, imm=rng.choice(UPDATE_FLAGS))
        self.map(1, index)
        self.call(UPDATE)

    def delete(self) -> None:
        """A key is deleted; r0 says whether it was there."""
        index = self.rng.choice(self.tables)
        self.key(self.maps[index])
        self._argument(2, KEY)
        self.map(1, index)
        self.call(DELETE)

    # ---- global data

    def variable(self) -> None:
        """A variable of the program."""
        rng = self.rng
        index = rng.choice(self.globals)
        spec = self.maps[index]
        size = rng.choice((1, 2, 4, 8))
        offset = rng.randrange(0, spec.value_size - size + 1, size)
        with self.temporary(1) as (base,):
            shift = rng.choice((0, offset))
            self.map_value(base, index, shift)
            if spec.read_only_program:
                self.load(base, offset - shift, size)
            elif rng.random() < 0.3:
                self.atomic(base, offset - shift, size)
            else:
                self.access(base, offset - shift, size)
