"""What bytes of maps and events mean, as data: for hosts that show them without BTF. It says what `bpfcc.values` does.

shape_of(btf, type_id, 16)      Node(kind=STRUCT, size=16, inside=(Node(UNSIGNED, 8, "packets"), Node(UNSIGNED, 8, "bytes", offset=8)))
map_notes(spec)                 all of a map: where its values have a lock and a timer, shapes of key, value and records
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.backends.aot.descriptor import NO_FIELD, MapNotes, Node
from bpfcc.contents import type_named
from bpfcc.execution import member_offset
from bpfcc.values import ADDRESS_STRUCTS, MAX_DEPTH, MAX_ELEMENTS, is_big_endian, tag_of

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.frontend.btf import Btf, BtfType

UNSIGNED, SIGNED, BOOL, BIG_ENDIAN, ENUM, FLOAT, ADDRESS, TEXT, BYTES, STRUCT, ARRAY, BITS, PREFIX = range(1, 14)
NUMBERS: Final = frozenset({1, 2, 4, 8})
BOOL_ENCODING, CHAR_ENCODING = 4, 2
# What a host has room for: of larger types it shows the bytes.
MAX_NODES: Final = 2000
FEW_NAMES: Final = 1000


def map_notes(spec: MapSpec) -> MapNotes:
    """What the types of a map say. InputError where a tag names a type that is not there."""
    btf: Btf | None = spec.btf
    lock = timer = None
    if btf is not None and spec.btf_value_type_id:
        lock = member_offset(btf, spec.btf_value_type_id, "bpf_spin_lock")
        timer = member_offset(btf, spec.btf_value_type_id, "bpf_timer")
    record = tag_of(btf, spec.name, "record")
    return MapNotes(
        NO_FIELD if lock is None else lock,
        NO_FIELD if timer is None else timer,
        key_shape(spec),
        shape_of(btf, spec.btf_value_type_id, spec.value_size),
        shape_of(btf, type_named(btf, record), None) if btf is not None and record is not None else None,
    )


def key_shape(spec: MapSpec) -> Node | None:
    """Of keys: a prefix, an enumeration that a tag names, or what the definition says."""
    if spec.type == "lpm_trie":
        return Node(PREFIX, spec.key_size)
    btf: Btf | None = spec.btf
    named = tag_of(btf, spec.name, "key")
    if btf is not None and named is not None:
        return shape_of(btf, type_named(btf, named), spec.key_size)
    return shape_of(btf, spec.btf_key_type_id, spec.key_size)


def shape_of(btf: Btf | None, type_id: int, size: int | None) -> Node | None:
    """The shape of a type of that size (None: whatever it is); None where nothing is known of it."""
    if btf is None or not type_id or (size is not None and btf.size_of(type_id) != size):
        return None
    found = _shape(btf, type_id, btf.size_of(type_id), MAX_DEPTH)
    return found if found.nodes <= MAX_NODES else None


def plain(size: int) -> Node:
    """Bytes about which nothing is known but how many they are."""
    return Node(UNSIGNED if size in NUMBERS else BYTES, size)


def _shape(btf: Btf, type_id: int, size: int, depth: int) -> Node:
    if depth == 0:
        return Node(BYTES, size)
    if is_big_endian(btf, type_id) and size in NUMBERS:
        return Node(BIG_ENDIAN, size)
    found = btf.type(btf.skip_modifiers(type_id))
    match found.kind:
        case "int" | "enum" | "enum64":
            return _number(found, size)
        case "float" if size in {4, 8}:
            return Node(FLOAT, size)
        case "struct" | "union" if ADDRESS_STRUCTS.get(found.name) == size:
            return Node(ADDRESS, size)
        case "struct" | "union":
            return _structure(size, _members(btf, found, depth))
        case "datasec":
            return _structure(size, _variables(btf, found, size, depth))
        case "array":
            return _array(btf, found, size, depth)
        case "float":
            return Node(BYTES, size)
        case _:
            return plain(size)


def _number(found: BtfType, size: int) -> Node:
    if size not in NUMBERS:
        return Node(BYTES, size)
    if found.kind != "int":
        names = tuple((each.value, each.name) for each in found.enumerators[:FEW_NAMES])
        return Node(ENUM, size, signed=found.signed, names=names)
    if found.encoding & BOOL_ENCODING:
        return Node(BOOL, size, signed=found.signed)
    return Node(SIGNED if found.signed else UNSIGNED, size)


def _structure(size: int, members: dict[str, Node]) -> Node:
    return Node(STRUCT, size, length=len(members), inside=tuple(members.values()))


def _placed(node: Node, name: str | None, offset: int) -> Node:
    """A node as a member. Of bit-fields, the offset counts bits of the whole."""
    return node._replace(name=name, offset=8 * offset + node.offset if node.kind == BITS else offset + node.offset)


def _members(btf: Btf, found: BtfType, depth: int) -> dict[str, Node]:
    """Members by name; those of a member without a name are the outer structure's."""
    out: dict[str, Node] = {}
    for number, member in enumerate(found.members):
        name = member.name or f"_{number}"
        if member.bitfield_bits:
            out[name] = Node(BITS, 0, name, member.bit_offset, member.bitfield_bits)
            continue
        start = member.bit_offset // 8
        inner = _shape(btf, member.type_id, btf.size_of(member.type_id), depth - 1)
        if not member.name and inner.kind == STRUCT:
            out |= {each.name or "": _placed(each, each.name, start) for each in inner.inside}
        else:
            out[name] = _placed(inner, name, start)
    return out


def _variables(btf: Btf, found: BtfType, size: int, depth: int) -> dict[str, Node]:
    """Global variables of a data section."""
    out: dict[str, Node] = {}
    for variable in found.variables:
        if variable.offset + variable.size <= size:
            name = btf.name(variable.type_id)
            inner = btf.type(variable.type_id).type_id
            node = _shape(btf, inner, variable.size, depth - 1) if btf.size_of(inner) == variable.size else plain(variable.size)
            out[name] = _placed(node, name, variable.offset)
    return out


def _array(btf: Btf, found: BtfType, whole: int, depth: int) -> Node:
    element = btf.type(btf.skip_modifiers(found.type_id))
    size = btf.size_of(found.type_id)
    if element.kind == "int" and size == 1:
        text = btf.name(element.id) == "char" or bool(element.encoding & CHAR_ENCODING)
        return Node(TEXT if text else BYTES, whole)
    count = min(found.length, MAX_ELEMENTS)
    return Node(ARRAY, whole, length=count, inside=(_shape(btf, found.type_id, size, depth - 1),))
