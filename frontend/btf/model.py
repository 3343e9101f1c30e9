"""BTF: types by id, by name, their sizes and layouts.

    btf = Btf.from_bytes(data)
    struct = btf.find("task_struct", "struct")       -> 126, or None
    btf.type(struct).members[3]                      -> Member("stack", 33, 256, 0)
    btf.size_of(struct)                              -> 9792

A kernel has more than a hundred thousand types, so a `Btf` is the raw words, an index of where each type starts,
and nothing else until it is asked. Hostile input is expected: every offset is checked where it is followed, and every
walk along type references has a limit, because references may form a cycle.
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf import types as t
from bpfcc.frontend.btf.names import MAX_NAME_BYTES, NameIndex
from bpfcc.frontend.btf.types import BtfType, Enumerator, KindName, Member, Parameter, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bpfcc.bpfir.module import Endian

MAGIC: Final = 0xEB9F
POINTER_BYTES: Final = 8
# Longer chains of modifiers, typedefs and arrays are cycles: the kernel's own limit is 32.
MAX_CHAIN: Final = 64
MAX_SIZE: Final = 0xFFFF_FFFF
MAX_TEXT_BYTES: Final = 4096
# Anonymous members inside each other multiply; no real type comes near this many.
MAX_VISITS: Final = 100_000
KERNEL_BTF: Final = "/sys/kernel/btf/vmlinux"

# Void and unknown kinds step out of the section, which ends the walk of `index_types`.
_OUT: Final = 1 << 40
_STEP: Final = (_OUT, *(3 + extra for extra in t.EXTRA_WORDS[1:])) + (_OUT,) * (32 - len(t.EXTRA_WORDS))
_EACH: Final = t.MEMBER_WORDS + (0,) * (32 - len(t.MEMBER_WORDS))


class FieldPlace(NamedTuple):
    """Where a field lies in its outermost struct; see `Btf.field`."""

    type_id: int
    bit_offset: int
    bitfield_bits: int


@final
class Btf:
    """One BTF blob. Type ids count from 1; 0 is `void`. With a `base` (split BTF of a module) they go on after the base's."""

    def __init__(
        self, words: array[int], strings: bytes, *, endian: Endian = "little", base: Btf | None = None, file: str | None = None,
        offsets: array[int] | None = None, names: NameIndex | None = None,
    ) -> None:  # fmt: skip
        self.words: Final = words
        self.strings: Final = strings
        self.endian: Final = endian
        self.base: Final = base
        self.file: Final = file
        self.first_id: Final[int] = base.count if base is not None else 1
        self._string_base: int = base.string_bytes if base is not None else 0
        self.offsets: Final = offsets if offsets is not None else index_types(words, file=file)
        # One more than the highest type id.
        self.count: Final[int] = self.first_id + len(self.offsets)
        self.string_bytes: Final[int] = self._string_base + len(strings)
        self._types: dict[int, BtfType] = {}
        self._names = names
        self._alignments: dict[int, int] = {}

    def __repr__(self) -> str:
        return f"<Btf {self.file or ''} {self.count - self.first_id} types>"

    @classmethod
    def from_bytes(cls, data: bytes, *, base: Btf | None = None, file: str | None = None) -> Btf:
        """Read raw BTF (the contents of a `.BTF` section)."""
        words, strings, endian = split(data, file=file)
        return cls(words, strings, endian=endian, base=base, file=file)

    @classmethod
    def from_file(cls, path: str | Path) -> Btf:
        """Read raw BTF, or the `.BTF` section of an ELF file of any machine; large ones are indexed once and cached."""
        from bpfcc.frontend.btf.store import load_file

        return load_file(path)

    @classmethod
    def kernel(cls) -> Btf | None:
        """The running kernel's BTF; None where there is none or it may not be read."""
        from bpfcc.frontend.btf.store import load_kernel

        return load_kernel()

    def error(self, message: str, *, type_id: int | None = None) -> InputError:
        """An `InputError` that names the section and the type's place in it."""
        offset = 4 * self.offsets[type_id - self.first_id] if type_id is not None and self.first_id <= type_id < self.count else None
        return InputError(message if type_id is None else f"BTF type {type_id}: {message}", file=self.file, section=".BTF", offset=offset)

    # -- raw words ----------------------------------------------------------------------------------------------

    def word_index(self, type_id: int) -> int:
        """Where the type's three words start; the caller has dealt with void and with the base's types."""
        at = type_id - self.first_id
        if at < 0 or at >= len(self.offsets):
            raise self.error(f"there is no type {type_id}; there are {self.count}")
        return self.offsets[at]

    def kind_number(self, type_id: int) -> int:
        """The kind's number; 0 for void."""
        at = type_id - self.first_id
        if 0 <= at < len(self.offsets):
            return (self.words[self.offsets[at] + 1] >> 24) & 31
        if self.base is not None and type_id < self.first_id:
            return self.base.kind_number(type_id)
        if type_id == 0:
            return 0
        raise self.error(f"there is no type {type_id}; there are {self.count}")

    def kind(self, type_id: int) -> KindName:
        """The kind's name; `void` for type 0."""
        return t.KINDS[self.kind_number(type_id)]

    def referred(self, type_id: int) -> int:
        """The third word as a type id: what a pointer, modifier, typedef, function or variable refers to."""
        if self.base is not None and type_id < self.first_id:
            return self.base.referred(type_id)
        return self.words[self.word_index(type_id) + 2]

    def string(self, offset: int) -> str:
        """The string at an offset of the string section."""
        if self.base is not None and offset < self._string_base:
            return self.base.string(offset)
        start = offset - self._string_base
        if start < 0 or start >= len(self.strings):
            raise self.error(f"string offset {offset:#x} is outside the string section of {self.string_bytes:#x} bytes")
        end = self.strings.find(0, start, start + MAX_NAME_BYTES + 1)
        if end < 0:
            raise self.error(f"a name of more than {MAX_NAME_BYTES} bytes at string offset {offset:#x}")
        return self.strings[start:end].decode("utf-8", "backslashreplace")

    def text(self, offset: int) -> str:
        """A string that is no name, such as a source line; long ones are cut off."""
        if self.base is not None and offset < self._string_base:
            return self.base.text(offset)
        start = offset - self._string_base
        if start < 0 or start >= len(self.strings):
            return self.string(offset)
        return self.strings[start : start + MAX_TEXT_BYTES].split(b"\0", 1)[0].decode("utf-8", "backslashreplace")

    def name(self, type_id: int) -> str:
        """The type's name, empty where it has none."""
        if type_id == 0:
            return "void"
        if self.base is not None and type_id < self.first_id:
            return self.base.name(type_id)
        offset = self.words[self.word_index(type_id)]
        return self.string(offset) if offset else ""

    # -- decoded types ------------------------------------------------------------------------------------------

    def type(self, type_id: int) -> BtfType:
        """The type with that id, decoded once."""
        found = self._types.get(type_id)
        if found is None:
            if type_id == 0:
                found = BtfType(0, "void", "void")
            elif self.base is not None and type_id < self.first_id:
                return self.base.type(type_id)
            else:
                found = self._decode(type_id)
            self._types[type_id] = found
        return found

    def types(self) -> Iterator[BtfType]:
        """Every type of this blob, in order of id, decoded one after the other and not kept."""
        for type_id in range(self.first_id, self.count):
            yield self._types.get(type_id) or self._decode(type_id)

    def _decode(self, type_id: int) -> BtfType:
        words = self.words
        at = self.word_index(type_id)
        info, third = words[at + 1], words[at + 2]
        number, vlen, kflag = (info >> 24) & 31, info & 0xFFFF, info >> 31 == 1
        found = BtfType(type_id, t.KINDS[number], self.name(type_id), kflag=kflag)
        if number in t.SIZED:
            found.size = third
        else:
            found.type_id = third
        rest = words[at + 3 : at + 3 + t.EXTRA_WORDS[number] + vlen * t.MEMBER_WORDS[number]]
        if number in (t.STRUCT, t.UNION):
            found.members = self._members(rest, kflag=kflag)
        elif number == t.INT:
            found.encoding, found.bit_offset, found.bits = (rest[0] >> 24) & 15, (rest[0] >> 16) & 0xFF, rest[0] & 0xFF
        elif number == t.ARRAY:
            found.type_id, found.index_type_id, found.length = rest[0], rest[1], rest[2]
        elif number in (t.ENUM, t.ENUM64):
            found.enumerators = self._enumerators(rest, wide=number == t.ENUM64, signed=kflag)
        elif number == t.FUNC_PROTO:
            found.parameters = tuple(Parameter(self.string(rest[i]), rest[i + 1]) for i in range(0, len(rest), 2))
        elif number == t.FUNC:
            found.linkage = t.LINKAGES[vlen] if vlen < 3 else "global"
        elif number == t.VAR:
            found.linkage = t.LINKAGES[rest[0]] if rest[0] < 3 else "global"
        elif number == t.DATASEC:
            found.variables = tuple(Variable(rest[i], rest[i + 1], rest[i + 2]) for i in range(0, len(rest), 3))
        elif number == t.DECL_TAG:
            found.component = rest[0] - (1 << 32) if rest[0] >> 31 else rest[0]
        return found

    def _members(self, rest: array[int], *, kflag: bool) -> tuple[Member, ...]:
        text = self.string
        if kflag:
            return tuple(Member(text(rest[i]), rest[i + 1], rest[i + 2] & 0xFF_FFFF, rest[i + 2] >> 24) for i in range(0, len(rest), 3))
        return tuple(self._plain_member(text(rest[i]), rest[i + 1], rest[i + 2]) for i in range(0, len(rest), 3))

    def _plain_member(self, name: str, type_id: int, bit_offset: int) -> Member:
        """A member of a struct without kflag: old compilers wrote bit-fields as integers of few bits at a bit offset."""
        target = self.skip_modifiers(type_id)
        if self.kind_number(target) == t.INT:
            extra = self._int_word(target)
            bits, shift = extra & 0xFF, (extra >> 16) & 0xFF
            if shift or bits != 8 * self._int_size(target):
                return Member(name, type_id, bit_offset + shift, bits)
        return Member(name, type_id, bit_offset, 0)

    def _int_word(self, type_id: int) -> int:
        if self.base is not None and type_id < self.first_id:
            return self.base._int_word(type_id)
        return self.words[self.word_index(type_id) + 3]

    def _int_size(self, type_id: int) -> int:
        return self.referred(type_id)

    def _enumerators(self, rest: array[int], *, wide: bool, signed: bool) -> tuple[Enumerator, ...]:
        found = []
        if wide:
            for i in range(0, len(rest), 3):
                value = rest[i + 1] | rest[i + 2] << 32
                found.append(Enumerator(self.string(rest[i]), value - (1 << 64) if signed and value >> 63 else value))
        else:
            for i in range(0, len(rest), 2):
                value = rest[i + 1]
                found.append(Enumerator(self.string(rest[i]), value - (1 << 32) if signed and value >> 31 else value))
        return tuple(found)

    # -- following references -----------------------------------------------------------------------------------

    def skip(self, type_id: int, kinds: frozenset[int]) -> int:
        """Follow references while the type is of one of the kinds."""
        start, words, offsets, first = type_id, self.words, self.offsets, self.first_id
        for _ in range(MAX_CHAIN):
            at = type_id - first
            if 0 <= at < len(offsets):
                word = offsets[at]
                if (words[word + 1] >> 24) & 31 not in kinds:
                    return type_id
                type_id = words[word + 2]
            elif self.kind_number(type_id) not in kinds:
                return type_id
            else:
                type_id = self.referred(type_id)
        raise self.error("its chain of references is a cycle", type_id=start)

    def skip_modifiers(self, type_id: int) -> int:
        """The type without const, volatile, restrict, type tags and typedefs."""
        return self.skip(type_id, t.MODIFIERS_AND_TYPEDEFS)

    def size_of(self, type_id: int) -> int:
        """Size in bytes. Functions, void and forward declarations have none."""
        factor, start = 1, type_id
        for _ in range(MAX_CHAIN):
            number = self.kind_number(type_id)
            if number in t.SIZED:
                size = factor * self._int_size(type_id)
            elif number == t.PTR:
                size = factor * POINTER_BYTES
            elif number == t.ARRAY:
                array_type = self.type(type_id)
                factor *= array_type.length
                if factor > MAX_SIZE:
                    break
                type_id = array_type.type_id
                continue
            elif number in t.MODIFIERS_AND_TYPEDEFS or number == t.VAR:
                type_id = self.referred(type_id)
                continue
            else:
                raise self.error(f"{t.KINDS[number]} {self.name(type_id)!r} has no size", type_id=start)
            if size > MAX_SIZE:
                break
            return size
        raise self.error("its size is more than 4 GiB, or its references are a cycle", type_id=start)

    def align_of(self, type_id: int, depth: int = MAX_CHAIN) -> int:
        """Alignment in bytes, as C gives it; 1 for a packed struct."""
        known = self._alignments.get(type_id)
        if known is None:
            if depth == 0:
                raise self.error("its references are a cycle", type_id=type_id)
            known = self._align_of(self.type(self.skip_modifiers(type_id)), depth - 1)
            self._alignments[type_id] = known
        return known

    def _align_of(self, found: BtfType, depth: int) -> int:
        match found.kind:
            case "int" | "enum" | "enum64" | "float":
                return min(POINTER_BYTES, found.size or 1)
            case "ptr":
                return POINTER_BYTES
            case "array" | "var":
                return self.align_of(found.type_id, depth)
            case "struct" | "union":
                return self._align_of_struct(found, depth)
            case _:
                raise self.error(f"{found.kind} {found.name!r} has no alignment", type_id=found.id)

    def _align_of_struct(self, found: BtfType, depth: int) -> int:
        best = 1
        for member in found.members:
            align = self.align_of(member.type_id, depth)
            best = max(best, align)
            # A member off its natural place means that the whole is packed.
            if not member.bitfield_bits and member.bit_offset % (8 * align):
                return 1
        return best if found.size % best == 0 else 1

    def field(self, type_id: int, path: str) -> FieldPlace | None:
        """Find `a.b.c` below a struct, looking into anonymous members; None where there is no such field."""
        place = FieldPlace(type_id, 0, 0)
        for name in path.split("."):
            step = self._member_named(place.type_id, name)
            if step is None:
                return None
            place = FieldPlace(step.type_id, place.bit_offset + step.bit_offset, step.bitfield_bits)
        return place

    def _member_named(self, type_id: int, name: str) -> Member | None:
        """Search a struct and the anonymous ones in it, in order of definition; no recursion, and a limit."""
        pending = [(type_id, 0)]
        for _ in range(MAX_VISITS):
            if not pending:
                return None
            current, offset = pending.pop()
            found = self.type(self.skip_modifiers(current))
            inner = []
            for member in found.members:
                if member.name == name:
                    return member._replace(bit_offset=member.bit_offset + offset)
                if not member.name:
                    inner.append((member.type_id, member.bit_offset + offset))
            pending += reversed(inner)
        raise self.error("its members nest too deeply", type_id=type_id)

    # -- names --------------------------------------------------------------------------------------------------

    @property
    def names(self) -> NameIndex:
        """The index from names to type ids, made on demand."""
        if self._names is None:
            self._names = NameIndex.build(self)
        return self._names

    def find(self, name: str, kind: KindName | None = None) -> int | None:
        """The first type of that name and kind."""
        for type_id in self.names.candidates(self, name):
            if (kind is None or self.kind(type_id) == kind) and self.name(type_id) == name:
                return type_id
        return self.base.find(name, kind) if self.base is not None else None

    def set_section_layout(self, type_id: int, size: int, offsets: Mapping[int, int]) -> None:
        """Fill in what clang leaves to the loader: a data section's size and where its variables are."""
        at = self.word_index(type_id)
        self.words[at + 2] = size
        for number, offset in offsets.items():
            self.words[at + 3 + 3 * number + 1] = offset
        self._types.pop(type_id, None)


def split(data: bytes, *, file: str | None = None) -> tuple[array[int], bytes, Endian]:
    """Take a BTF blob apart: type words in the host's byte order, strings, byte order."""

    def fault(message: str, offset: int) -> InputError:
        return InputError(message, file=file, section=".BTF", offset=offset)

    if len(data) < 24:
        raise fault(f"{len(data)} bytes are less than a BTF header", len(data))
    order = "<" if data[:2] == b"\x9f\xeb" else ">"
    magic, version, flags, header, type_offset, type_size, string_offset, string_size = struct.unpack_from(order + "HBBIIIII", data)
    if magic != MAGIC:
        raise fault(f"BTF magic {magic:#06x}, not {MAGIC:#06x}", 0)
    if version != 1 or flags:
        raise fault(f"BTF version {version} with flags {flags:#x}; known is version 1", 2)
    if header < 24 or header > len(data):
        raise fault(f"a BTF header of {header} bytes", 4)
    if type_offset % 4 or type_size % 4 or header + type_offset + type_size > len(data):
        raise fault("the type section is cut off or not aligned", 8)
    if header + string_offset + string_size > len(data):
        raise fault("the string section is cut off", 16)
    strings = data[header + string_offset : header + string_offset + string_size]
    if not strings or strings[0] or strings[-1]:
        raise fault("the string section does not begin and end with a zero byte", header + string_offset)
    words: array[int] = array("I")
    words.frombytes(data[header + type_offset : header + type_offset + type_size])
    endian: Endian = "little" if order == "<" else "big"
    if endian != sys.byteorder:
        words.byteswap()
    return words, strings, endian


def index_types(words: array[int], *, file: str | None = None) -> array[int]:
    """Where each type starts, in words. This loop runs 120,000 times for a kernel."""
    starts: list[int] = []
    append, step, each = starts.append, _STEP, _EACH
    at, end = 0, len(words)
    try:
        while at < end:
            append(at)
            info = words[at + 1]
            kind = (info >> 24) & 31
            at += step[kind] + each[kind] * (info & 0xFFFF)
    except IndexError:
        at = end + 1
    if at != end:
        raise _index_error(words, starts, file)
    return array("I", starts)


def _index_error(words: array[int], starts: list[int], file: str | None) -> InputError:
    last = starts[-1]
    kind = (words[last + 1] >> 24) & 31 if last + 1 < len(words) else -1
    known = 0 < kind < len(t.KINDS)
    what = f"BTF type {len(starts)} is cut off" if known or kind < 0 else f"BTF type {len(starts)} is of unknown kind {kind}"
    return InputError(what, file=file, section=".BTF", offset=4 * last)
