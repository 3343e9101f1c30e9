"""Kernel types by BTF: what a load through a typed pointer gives.

    types = KernelBtf(Btf.kernel())
    task = types.named("task_struct")            KernelPointer("struct task_struct", size=9792)
    types.member(task, 1272, 8)                  KernelPointer("struct mm_struct", size=1408)
    types.member(task, 1400, 4)                  4: a number of four bytes
    types.member(task, 1, 8)                     None: no member lies there

`member` answers as the kernel's `btf_struct_walk` and `btf_struct_access` do. A kernel has a hundred thousand types: only those
on the way are decoded, and every answer is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf import types as t
from bpfcc.frontend.btf.model import MAX_CHAIN, POINTER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.frontend.btf import Btf, BtfType, Member
    from bpfcc.verifier.options import BtfPointer

# How far a pointer is to be relied on. "trusted": the object is alive; "rcu": it is, while RCU is read-locked; "": it was once, reads
# of it are safe, and old helpers take it; "untrusted": it may be any address, reads are safe since faults are caught; "user", "percpu":
# memory of user space, or an offset into each CPU's area, not to be read directly; "buffer": a size that is known when attaching.
Tag = Literal["", "trusted", "rcu", "untrusted", "user", "percpu", "buffer"]
_TAGS: Final[dict[str, Tag]] = {"user": "user", "percpu": "percpu", "rcu": "rcu"}
# From the most to the least reliable; other tags cannot be compared.
_TRUST: Final[dict[Tag, int]] = {"trusted": 0, "rcu": 1, "": 2, "untrusted": 3}
_UNREADABLE: Final = frozenset({"user", "percpu"})
# Vmlinux says in structs of these names which members may be relied on: `struct sk_buff__safe_rcu_or_null { struct sock *sk; }`.
_SAFE: Final[tuple[tuple[str, Tag, bool, bool], ...]] = (
    ("__safe_trusted", "trusted", False, False),
    ("__safe_trusted_or_null", "trusted", True, False),
    ("__safe_rcu", "rcu", False, True),
    ("__safe_rcu_or_null", "rcu", True, True),
)
_POINTABLE: Final = frozenset({t.STRUCT, t.UNION})
# The verifier reads BTF that the kernel itself wrote, but a file may say anything.
MAX_STEPS: Final = MAX_CHAIN
KERNEL: Final = "kernel"
NO_CAST: Final = "___init"


@final
@dataclass(frozen=True, slots=True)
class KernelPointer:
    """A type that a pointer points to, as `verifier.options.BtfPointer` wants it.

    `type_id` is in the BTF it is from. Pointers to what is no struct (`void`, `char`, functions) may be read at any offset, in
    numbers. `nullable`: the pointer may be null where it comes from. `tag`: see `Tag`; pointers to the same type are equal only where
    they are to be relied on equally, `joined` is what both of two are.
    """

    name: str
    size: int
    type_id: int = 0
    tag: Tag = ""
    nullable: bool = False
    origin: str = KERNEL

    def as_nullable(self) -> KernelPointer:
        """The same type, perhaps null."""
        return self if self.nullable else replace(self, nullable=True)

    def not_null(self) -> KernelPointer:
        """The same type behind a test for null."""
        return replace(self, nullable=False) if self.nullable else self

    def with_tag(self, tag: Tag) -> KernelPointer:
        """The same type, relied on as the tag says."""
        return self if self.tag == tag else replace(self, tag=tag)

    def joined(self, other: KernelPointer) -> KernelPointer | None:
        """What a pointer is that is one of the two; None where they have nothing in common."""
        same = (self.type_id, self.origin, self.name) == (other.type_id, other.origin, other.name)
        if not same or (self.tag != other.tag and not {self.tag, other.tag} <= set(_TRUST)):
            return None
        tags: tuple[Tag, Tag] = (self.tag, other.tag)
        weaker = max(tags, key=lambda tag: _TRUST.get(tag, 0))
        return replace(self, tag=weaker, nullable=self.nullable or other.nullable)


class _Member(NamedTuple):
    """A member that is a pointer, as the types have it. `in_union`: of several members that lie in the same place."""

    name: str
    pointee: int
    tag: Tag
    in_union: bool


@final
class KernelBtf:
    """`verifier.options.KernelTypes` on one BTF blob, the kernel's own or an object's."""

    def __init__(self, btf: Btf, *, origin: str = KERNEL) -> None:
        self.btf: Final = btf
        self.origin: Final = origin
        self._pointers: dict[tuple[int, Tag], KernelPointer] = {}
        self._members: dict[tuple[int, int, int], _Member | int | None] = {}
        self._safe: dict[str, dict[int, dict[str, int]]] = {}
        self._arguments: dict[tuple[str, str | None, str | None], tuple[KernelPointer | int | None, ...] | None] = {}

    def preload(self) -> None:
        """Read everything that names are found by, for a process that cannot open files later."""
        from bpfcc.runtime.specs.tables import attach_arguments
        from bpfcc.types import attach

        attach_arguments()
        attach.operation_structs(self.btf)

    def named(self, name: str) -> KernelPointer | None:
        """A struct, union or typedef of one by name: `task_struct`, `struct task_struct`, `union bpf_attr`."""
        word, _, rest = name.partition(" ")
        kinds: tuple[t.KindName, ...] = ("struct", "union", "typedef")
        if rest:
            kinds, name = ((word,), rest) if word in ("struct", "union") else ((), name)  # type: ignore[assignment]
        for kind in kinds:
            found = self.btf.find(name, kind)
            if found is not None and self.btf.kind_number(self.btf.skip_modifiers(found)) in _POINTABLE:
                return self.pointer_to(found)
        return None

    def member(self, pointer: BtfPointer, offset: int, size: int, *, rcu: bool = True) -> KernelPointer | int | None:
        """What a load of `size` bytes at `offset` gives: a pointer's type, the number's size, None where the kernel refuses it.

        `rcu`: the load is made with RCU read-locked, as all of a program is that may not sleep.
        """
        if not isinstance(pointer, KernelPointer) or pointer.origin != self.origin or size <= 0 or pointer.tag in _UNREADABLE:
            return None
        found = self._member(pointer.type_id, offset, size)
        if not isinstance(found, _Member):
            return found
        if self.origin != KERNEL:
            # What a program itself allocated holds no kernel pointers but those that are marked.
            return POINTER_BYTES
        tag, nullable = self._trust(pointer, found, rcu=rcu)
        result = self.pointer_to(found.pointee, tag)
        return result.as_nullable() if nullable else result

    def _member(self, type_id: int, offset: int, size: int) -> _Member | int | None:
        key = (type_id, offset, size)
        if key not in self._members:
            try:
                self._members[key] = self._access(*key)
            except InputError:
                # Malformed types have no members that one could rely on.
                self._members[key] = None
        return self._members[key]

    def _trust(self, pointer: KernelPointer, member: _Member, *, rcu: bool) -> tuple[Tag, bool]:
        """The tag of a pointer that was loaded, and whether it may be null: `check_ptr_to_btf_access` of the kernel.

        That `pointer` itself may be null does not matter: nothing is loaded through it before it was tested.
        """
        if self.btf.kind_number(self.btf.skip_modifiers(member.pointee)) not in _POINTABLE or pointer.tag == "untrusted":
            return "untrusted", False
        plain: Tag = "untrusted" if member.in_union else ""
        if pointer.tag not in ("trusted", "rcu"):
            return ("" if member.tag == "rcu" else member.tag) or plain, False
        for suffix, tag, nullable, locked in _SAFE:
            if (rcu or not locked) and self._is_safe(pointer, member, suffix):
                return tag, nullable
        if not rcu:
            return "untrusted", False
        return (member.tag, member.tag == "rcu") if member.tag else (plain, False)

    def _is_safe(self, pointer: KernelPointer, member: _Member, suffix: str) -> bool:
        if suffix not in self._safe:
            self._safe[suffix] = {}
        known = self._safe[suffix]
        if pointer.type_id not in known:
            found = self.btf.find(self.btf.name(pointer.type_id) + suffix, "struct")
            known[pointer.type_id] = {each.name: each.type_id for each in self.btf.type(found).members} if found is not None else {}
        declared = known[pointer.type_id].get(member.name)
        if declared is None:
            return False
        target = self.btf.skip_modifiers(self.btf.referred(self.btf.skip_modifiers(declared)))
        return target == self.btf.skip_modifiers(member.pointee)

    def arguments(self, program_type: str, attach_type: str | None, target: str | None) -> tuple[KernelPointer | int | None, ...] | None:
        """Arguments by 8-byte slot of the context: see `bpfcc.types.attach`. None in a slot: it may not be read.

        A number's size is its C type's; the slot's other bytes are not said to be zero.
        """
        key = (program_type, attach_type, target)
        if key not in self._arguments:
            from bpfcc.types.attach import arguments_of

            try:
                self._arguments[key] = arguments_of(self, program_type, attach_type, target)
            except InputError:
                self._arguments[key] = None
        return self._arguments[key]

    def is_a(self, pointer: BtfPointer, name: str, *, strict: bool = False, offset: int = 0) -> bool:
        """Whether what lies `offset` bytes behind a pointer will do where a `struct NAME` is wanted: the struct itself, or one that has
        such a member there, unless `strict`.

        Types whose names end in `___init` are kept apart by the kernel, and so they are here.
        """
        if not isinstance(pointer, KernelPointer) or pointer.origin != self.origin:
            return False
        type_id = pointer.type_id
        strict = strict or name.endswith(NO_CAST) or self.btf.name(type_id).endswith(NO_CAST)
        for _ in range(1 if strict else MAX_STEPS):
            found = self.btf.type(type_id)
            if found.kind not in ("struct", "union"):
                return False
            if found.name == name and not offset:
                return True
            inside = self._struct_at(found, offset)
            if inside is None:
                return False
            type_id, offset = inside
        return False

    def _struct_at(self, found: BtfType, offset: int) -> tuple[int, int] | None:
        """The member that has that byte, and where in it the byte is; of unions only the first is looked at."""
        for member in found.members if found.kind == "struct" else found.members[:1]:
            if member.bitfield_bits or member.bit_offset % 8:
                continue
            start = member.bit_offset // 8
            element, width, count = self._flatten(member)
            if start <= offset < start + width * count:
                return element, (offset - start) % width
        return None

    def pointer_to(self, type_id: int, tag: Tag = "") -> KernelPointer:
        """A pointer to that type, modifiers skipped; the size is 0 where the type has none."""
        target = self.btf.skip_modifiers(type_id)
        key = (target, tag)
        found = self._pointers.get(key)
        if found is None:
            kind = self.btf.kind(target)
            name = self.btf.name(target)
            if kind in ("struct", "union", "enum"):
                name = f"{kind} {name}".rstrip()
            elif not name:
                name = kind
            size = self.btf.size_of(target) if self.btf.kind_number(target) not in (t.VOID, t.FWD, t.FUNC_PROTO, t.FUNC) else 0
            found = self._pointers[key] = KernelPointer(name, size, target, tag, origin=self.origin)
        return found

    def tag_of(self, pointee: int) -> Tag:
        """The tag of a pointer by the type it refers to: only the first of the chain counts, as in the kernel."""
        if self.btf.kind_number(pointee) != t.TYPE_TAG or self.btf.type(pointee).kflag:
            return ""
        return _TAGS.get(self.btf.name(pointee), "")

    # -- the walk ---------------------------------------------------------------------------------------------

    def _access(self, type_id: int, offset: int, size: int) -> _Member | int | None:
        if self.btf.kind_number(type_id) not in _POINTABLE:
            # Linux since 6.17: a pointer to void, an integer or a function is memory of unknown size that may be read, with faults
            # caught, and what is read is a number.
            return size
        untrusted = False
        for _ in range(MAX_STEPS):
            if offset < 0:
                return None
            found = self.btf.type(type_id)
            untrusted |= found.kind == "union" and len(found.members) != 1
            within = offset + size <= found.size
            step = self._within(found, offset, size, untrusted=untrusted) if within else self._beyond(found, offset)
            if isinstance(step, _Member) or not isinstance(step, tuple):
                return size if step == "number" else step
            type_id, offset = step
        return None

    def _beyond(self, found: BtfType, offset: int) -> tuple[int, int] | Literal["number"] | None:
        """Behind the end of a struct lies only its flexible array, which has to be its last member."""
        if not found.members:
            return None
        last = found.members[-1]
        array = self.btf.type(self.btf.skip_modifiers(last.type_id))
        start = last.bit_offset // 8
        if array.kind != "array" or array.length or offset < start:
            return None
        element = self.btf.type(self.btf.skip_modifiers(array.type_id))
        if element.kind == "int":
            return "number"
        if element.kind not in ("struct", "union") or not element.size:
            return None
        return element.id, (offset - start) % element.size

    def _within(self, found: BtfType, offset: int, size: int, *, untrusted: bool) -> tuple[int, int] | _Member | Literal["number"] | None:
        for member in found.members:
            start = member.bit_offset // 8
            if offset + size <= start:
                return None
            if member.bitfield_bits:
                # An access to a part of a bit-field, or to one and what follows it, counts as an access to what follows.
                if offset <= start and (member.bit_offset + member.bitfield_bits + 7) // 8 <= offset + size:
                    return "number"
                continue
            if offset < start:
                return None
            element, width, count = self._flatten(member)
            end = start + width * count
            if offset >= end:
                continue
            start += (offset - start) // width * width
            kind = self.btf.kind_number(element)
            if kind in _POINTABLE:
                return element, offset - start
            if kind == t.PTR:
                pointee = self.btf.referred(element)
                whole = (offset, size) == (start, POINTER_BYTES)
                return _Member(member.name, pointee, self.tag_of(pointee), untrusted) if whole else None
            # Within numbers any access will do, over several elements of an array too; a union's members are not looked at so closely.
            return "number" if offset + size <= end or untrusted else None
        return None

    def _flatten(self, member: Member) -> tuple[int, int, int]:
        """A member's element type, the bytes of one and the number of them, arrays of arrays taken together."""
        count, type_id = 1, member.type_id
        for _ in range(MAX_STEPS):
            type_id = self.btf.skip_modifiers(type_id)
            if self.btf.kind_number(type_id) != t.ARRAY:
                return type_id, self.btf.size_of(type_id), count
            array = self.btf.type(type_id)
            count, type_id = count * array.length, array.type_id
        raise self.btf.error("its arrays nest too deeply", type_id=member.type_id)


@final
class LazyKernelTypes:
    """Kernel types that are loaded at the first question; where there are none, every answer is None.

    `preload` loads them now, for a process that is about to lose the right to open files.
    """

    def __init__(self, load: Callable[[], Btf | None]) -> None:
        self._load = load
        self._types: KernelBtf | None = None
        self._asked = False

    @classmethod
    def of_running_kernel(cls) -> LazyKernelTypes:
        """Types of the kernel that this process runs on."""
        from bpfcc.frontend.btf import Btf

        return cls(Btf.kernel)

    @property
    def types(self) -> KernelBtf | None:
        """The loaded types, None where there are none."""
        if not self._asked:
            self._asked = True
            btf = self._load()
            self._types = KernelBtf(btf) if btf is not None else None
        return self._types

    def preload(self) -> None:
        """Load now what would be loaded later."""
        if self.types is not None:
            self.types.preload()

    def named(self, name: str) -> KernelPointer | None:
        """See `KernelBtf.named`."""
        return self.types.named(name) if self.types is not None else None

    def member(self, pointer: BtfPointer, offset: int, size: int, *, rcu: bool = True) -> KernelPointer | int | None:
        """See `KernelBtf.member`."""
        return self.types.member(pointer, offset, size, rcu=rcu) if self.types is not None else None

    def is_a(self, pointer: BtfPointer, name: str, *, strict: bool = False, offset: int = 0) -> bool:
        """See `KernelBtf.is_a`."""
        return self.types is not None and self.types.is_a(pointer, name, strict=strict, offset=offset)

    def arguments(self, program_type: str, attach_type: str | None, target: str | None) -> tuple[KernelPointer | int | None, ...] | None:
        """See `KernelBtf.arguments`."""
        return self.types.arguments(program_type, attach_type, target) if self.types is not None else None
