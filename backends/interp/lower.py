"""Lower a module to the words of the native loop.

    IR --flow--> nodes in order --select--> instructions on values --allocate--> registers --emit--> 16-byte words

Each function is lowered alone; `Lowered` holds the words of all, and for each word the function and the bytecode instruction.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from bpfcc.backends.context import packet_fields
from bpfcc.backends.interp.allocate import Allocator
from bpfcc.backends.interp.emit import Emitter
from bpfcc.backends.interp.flow import Flow
from bpfcc.backends.interp.formats import ANY_FUSED, WORD_BYTES
from bpfcc.backends.interp.fuse import fuse
from bpfcc.backends.interp.library import handlers
from bpfcc.backends.interp.machine import FRAME_BYTES
from bpfcc.backends.interp.select import Selector
from bpfcc.bpfir.collector import paused_collector
from bpfcc.bpfir.ops import FrameAddr

if TYPE_CHECKING:
    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Function, Module


class LoweredFunction(NamedTuple):
    """Where a function begins and what its frames need; `cost` is the steps of its first charge."""

    name: str
    entry: int
    registers: int
    params: int
    zero_bytes: int
    cost: int


class Lowered(NamedTuple):
    """The words of a module."""

    words: bytes
    starts: bytes
    origins: list[int]
    functions: list[LoweredFunction]

    def names(self) -> list[str]:
        """The handlers of the instructions, in order: what a listing begins with."""
        numbers = {handler.number: name for name, handler in handlers().items()}
        starts = (at for at, start in enumerate(self.starts) if start)
        return [numbers[int.from_bytes(self.words[WORD_BYTES * at : WORD_BYTES * at + 8], "little")] for at in starts]

    def place(self, word: int) -> tuple[str, int]:
        """Function and bytecode instruction (-1 = none) of a word."""
        at = bisect_right([fn.entry for fn in self.functions], word) - 1
        return self.functions[max(at, 0)].name, self.origins[word] if word < len(self.origins) else -1


def lower(module: Module, environment: Environment) -> Lowered:
    """UnsupportedError for helpers, externs and packet loads that the environment or the interpreter does not have."""
    with paused_collector():
        return _lower(module, environment)


def _lower(module: Module, environment: Environment) -> Lowered:
    table = handlers()
    fused = ANY_FUSED in table
    emitter = Emitter(table)
    fields = packet_fields(module, environment)
    functions = []
    for fn in module.functions:
        flow = Flow(fn, environment.tail_call_helper if environment.checked else None)
        selector = Selector(flow, module, environment, fields)
        codes = selector.run(fold=fused)
        if fused:
            for code in codes:
                fuse(code)
        allocator = Allocator(codes, fn.params, selector.home)
        allocator.run()
        entry = emitter.function(codes, allocator)
        cost = flow.nodes[0].charge
        functions.append(LoweredFunction(fn.name, entry, emitter.frame_registers, len(fn.params), _zero_bytes(fn), cost))
    return Lowered(b"".join(emitter.words), bytes(emitter.starts), emitter.origins, functions)


def _zero_bytes(fn: Function) -> int:
    """Bytes at the top of the frame that have to be zero: all of it where it is used, as nothing says where accesses end."""
    return FRAME_BYTES if any(type(op) is FrameAddr for block in fn.blocks for op in block.ops) else 0
