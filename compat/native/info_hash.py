"""The digest that ties a native image to the interface of its program type: `program_info_hash`.

    program_info_hash(load_platform("windows"), "bind", [12, 13, 14, 15, 19]).hex()      "b4b2eb49…"

It is a digest of what the type's extension publishes (type, context, prototypes of the helpers in use), not of the code. The loader
computes the same from the extension that is there, and refuses an image where the two differ.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bpfcc.runtime.specs import Helper, Platform
    from bpfcc.runtime.specs.kfuncs import Kfunc

HASH_TYPE: Final = "SHA256"
MAX_ARGUMENTS: Final = 5
TAIL_CALL: Final = "tail_call"
# Numbers of kinds as Windows' prototypes have them.
ARGUMENTS: Final[Mapping[str, int]] = {
    "anything": 1, "size": 2, "size_or_zero": 3, "ctx": 4, "const_map_ptr": 5, "map_key": 7, "map_value": 8, "map_value_uninit": 8,
    "mem": 9, "mem_or_null": 10, "mem_uninit": 11, "mem_write": 11, "stack_or_null": 13, "ctx_or_null": 14, "mem_uninit_or_null": 15,
}  # fmt: skip
MAP_OF_PROGRAMS: Final = 6
# Likewise of functions of other modules, whose rows have kinds of their own.
FUNCTION_ARGUMENTS: Final[Mapping[str, int]] = {
    "number": 1, "size": 2, "size_or_zero": 3, "ctx": 4, "map": 5, "mem_read": 9, "mem": 11, "mem_uninit": 11,
}  # fmt: skip
FUNCTION_RETURNS: Final[Mapping[str, int]] = {"number": 0, "void": 0}
MEMORY_NUMBERS: Final = frozenset((9, 11))
RETURNS: Final[Mapping[str, int]] = {"integer": 0, "map_value_or_null": 1}
NO_RETURN_IF_IT_SUCCEEDS: Final = 2
REALLOCATES_PACKET: Final = 1
STARTS: Final = ("packet_start", "memory_start")
ENDS: Final = ("packet_end", "memory_end")
META: Final = "data_meta"


def program_info_hash(platform: Platform, program_type: str, helpers: Iterable[int], functions: Iterable[Kfunc] = ()) -> bytes:
    """Of a type, helpers that the program calls, and functions of other modules. UnsupportedError where the tables do not say enough."""
    return sha256(program_info(platform, program_type, helpers, functions)).digest()


def program_info(platform: Platform, program_type: str, helpers: Iterable[int], functions: Iterable[Kfunc] = ()) -> bytes:
    """What the digest is of."""
    spec = platform.program_type(program_type)
    if spec.guid is None:
        raise UnsupportedError(f"program type {program_type}", f"the tables of {platform.name} give type {program_type!r} no GUID")
    ids = sorted(set(helpers))
    parts = [
        (spec.descriptor or program_type).encode(),
        struct.pack("<4i", *context_descriptor(platform, program_type)),
        UUID(spec.guid).bytes_le,
        struct.pack("<I", spec.number),
        # No type is privileged.
        b"\0",
        struct.pack("<Q", len(ids)),
        *(prototype(platform, platform_helper(platform, program_type, number)) for number in ids),
    ]
    called = sorted(functions, key=function_order)
    if called:
        parts += [struct.pack("<Q", len(called)), *map(function, called)]
    return b"".join(parts)


def function_order(row: Kfunc) -> tuple[bytes, bytes]:
    """By module, as its GUID lies in memory, and name."""
    return guid_of(row).bytes_le, row.name.encode()


def guid_of(row: Kfunc) -> UUID:
    """The module's. UnsupportedError where the tables do not say."""
    if row.module is None:
        raise UnsupportedError(f"function {row.name}", f"the tables do not say which module has the function {row.name}")
    return UUID(row.module)


def function(row: Kfunc) -> bytes:
    """A function's part of the digest. UnsupportedError for what such prototypes cannot say."""
    returns = FUNCTION_RETURNS.get(row.returns.kind)
    kinds = [FUNCTION_ARGUMENTS.get(each.kind) for each in row.arguments]
    for each, kind in zip(row.arguments, kinds, strict=True):
        if kind is None or (kind in MEMORY_NUMBERS and each.size_argument is None):
            raise UnsupportedError(f"function {row.name}", f"{row.name}: prototypes of functions have no such argument: {each.kind}")
    if returns is None:
        raise UnsupportedError(f"function {row.name}", f"{row.name}: prototypes of functions have no such result: {row.returns.kind}")
    numbers = [kind or 0 for kind in kinds] + [0] * (MAX_ARGUMENTS - len(kinds))
    return guid_of(row).bytes_le + row.name.encode() + struct.pack("<7I", returns, *numbers, 0)


def platform_helper(platform: Platform, program_type: str, number: int) -> Helper:
    """A helper as its prototype was published: the general one where there is one, whoever implements it. InputError."""
    if number in platform.helpers_by_id:
        return platform.helpers_by_id[number]
    found = platform.program_type(program_type).own_helpers.get(number)
    if found is None:
        raise InputError(f"{platform.name} has no helper {number} for type {program_type}")
    return found


def context_descriptor(platform: Platform, program_type: str) -> tuple[int, int, int, int]:
    """Size of the context, and where data begins, ends and has something before it; -1 = nowhere."""
    context = platform.context_of(program_type)
    if context is None:
        return (0, -1, -1, -1)
    start = next((each.offset for each in context.fields if each.kind in STARTS), -1)
    end = next((each.offset for each in context.fields if each.kind in ENDS), -1)
    meta = context.field(META)
    return (context.size, start, end, meta.offset if meta is not None else -1)


def prototype(platform: Platform, helper: Helper) -> bytes:
    """A helper's part of the digest."""
    name = helper.prototype or platform.helper_prefix + helper.name
    published = helper.arguments if helper.published_arguments is None else helper.published_arguments
    arguments = [argument_number(helper.name, each.kind) for each in published] + [0] * (MAX_ARGUMENTS - len(published))
    returns = NO_RETURN_IF_IT_SUCCEEDS if helper.name == TAIL_CALL else RETURNS.get(helper.returns)
    if returns is None:
        raise UnsupportedError(f"helper {helper.name}", f"Windows' prototypes have no results of kind {helper.returns!r}")
    flags = helper.published_flags if helper.published_flags is not None else REALLOCATES_PACKET * helper.moves_packet
    return (
        struct.pack("<I", helper.id) + name.encode() + struct.pack("<6I", returns, *arguments)
        + (bytes([flags]) if flags & REALLOCATES_PACKET else b"")
    )  # fmt: skip


def argument_number(name: str, kind: str) -> int:
    """The number of the kind of an argument."""
    if name == TAIL_CALL and kind == "const_map_ptr":
        return MAP_OF_PROGRAMS
    found = ARGUMENTS.get(kind)
    if found is None:
        raise UnsupportedError(f"helper {name}", f"{name}: Windows' prototypes have no arguments of kind {kind!r}")
    return found
