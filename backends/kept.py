"""Code that is kept is found by what it was made of, so that nothing has to be made of it to find it: the IR, and what lowering asks of
the environment.

    made = kept(module, environment, ("bpfcc.llvm/2", "LLVM 20", …), make)
    made.code, made.table                               from the cache, or what `make` gave

The key has everything that the lowered text depends on: the text of the IR, every field of the environment as far as back ends look at it,
the files of this package that decide what becomes of it, and what the back end adds (its compiler, the processor). What belongs to one
process, addresses above all, is not in the text: code reaches it through the table.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.backends.interp.library import map_lookup_address
from bpfcc.backends.tables import Slot, Table
from bpfcc.bpfir.ops import Call
from bpfcc.bpfir.printer import print_module
from bpfcc.errors import UnsupportedError
from bpfcc.runtime.library import MapHead

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpfcc.backends.base import Environment, MapBinding
    from bpfcc.bpfir.function import Module

FORMAT: Final = "bpfcc.kept/1"
# What decides what a program becomes: packages, and which of their files.
PARTS: Final = ("bpfcc.backends", "bpfcc.bpfir", "bpfcc.runtime")
SUFFIXES: Final = frozenset({".py", ".json", ".toml", ".j2", ".h"})
HEAD_BYTES: Final = 4


class Made(NamedTuple):
    """Machine code, and what its table holds."""

    code: bytes
    table: Table


def kept(module: Module, environment: Environment, parts: Sequence[str], make: Callable[[], Made]) -> Made:
    """From the environment's cache, or made and put there. `parts`: what the code depends on besides module and environment."""
    if environment.cache is None:
        return make()
    key = key_of(module, environment, parts)
    found = unpacked(environment.cache.get(key))
    if found is None:
        found = make()
        environment.cache.put(key, packed(found))
    return found


def key_of(module: Module, environment: Environment, parts: Sequence[str]) -> str:
    """The SHA-256 of everything that the code depends on."""
    ir = environment.digest or hashlib.sha256(print_module(module).encode()).hexdigest()
    facts = json.dumps(facts_of(module, environment), sort_keys=True)
    digest = hashlib.sha256()
    for part in (FORMAT, code_digest(), ir, facts, *parts):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def facts_of(module: Module, environment: Environment) -> dict[str, object]:
    """What lowering asks of an environment. Addresses of this process are not part of it, only whether there are any."""
    called = {op.helper for fn in module.functions for op in fn.ops() if type(op) is Call}
    return {
        "maps": [_map(binding) for binding in environment.maps],
        "helpers": [_helper(helper, environment) for helper in sorted(called)],
        "tail call": environment.tail_call_helper,
        "lookup": environment.lookup_helper,
        "externs": dict(environment.externs),
        "layout": list(environment.layout),
        "zeroed": None if environment.zeroed is None else {name: bool(count) for name, count in environment.zeroed.items()},
        "modes": [environment.checked, environment.offline, environment.budget],
        "cpu": environment.cpu,
    }


def _map(binding: MapBinding) -> list[int]:
    shape = [0, 0]
    if binding.pointer:
        head = MapHead.from_address(binding.pointer)
        shape = [head.stride, head.entries]
    return [binding.id, binding.guest_base, int(bool(binding.host_base)), int(bool(binding.pointer)), *shape]


def _helper(helper: int, environment: Environment) -> list[int | str]:
    try:
        address = environment.helper_address(helper)
    except UnsupportedError:
        # Lowering will say so.
        address = 0
    own = address == map_lookup_address()
    return [helper, environment.helper_name(helper), int(bool(address)), int(own), int(helper in environment.quiet_helpers)]


@cache
def code_digest() -> str:
    """SHA-256 of the files that decide what a program becomes, and of what runs them."""
    digest = hashlib.sha256()
    for part in PARTS:
        root = import_module(part).__path__[0]
        found = [(folder, name) for folder, _, names in os.walk(root) for name in names if os.path.splitext(name)[1] in SUFFIXES]  # noqa: PTH122 - of hundreds
        for folder, name in sorted(found):
            with open(os.path.join(folder, name), "rb") as stream:  # noqa: PTH118, PTH123 - likewise
                content = stream.read()
            digest.update(f"{part}{folder[len(root) :]}/{name} {len(content)}\n".encode() + content)
    digest.update(f"{sys.version_info[:2]} {sys.byteorder} {platform.machine()}".encode())
    return digest.hexdigest()


def packed(made: Made) -> bytes:
    """Code and table in one piece."""
    slots = json.dumps(list(made.table.slots)).encode()
    return len(slots).to_bytes(HEAD_BYTES, "little") + slots + made.code


def unpacked(data: bytes | None) -> Made | None:
    """The inverse; None of what is none."""
    if data is None or len(data) < HEAD_BYTES:
        return None
    end = HEAD_BYTES + int.from_bytes(data[:HEAD_BYTES], "little")
    try:
        slots = [Slot(kind, which) for kind, which in json.loads(data[HEAD_BYTES:end])]
    except (ValueError, TypeError):
        return None
    table = Table()
    numbers = [table.slot(slot.kind, slot.which) for slot in slots]
    return Made(data[end:], table) if numbers == list(range(len(table.slots))) else None
