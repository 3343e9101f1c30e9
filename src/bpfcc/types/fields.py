"""Special members of structs: locks, timers, kernel pointers, heads of lists and trees.

    struct value { int count; struct bpf_spin_lock lock; struct task_struct __kptr *task; };

    MapFields({4: ("spin_lock", 4), 8: ("kptr", 8)}, targets={8: "struct task_struct"})

Where the kernel looks for them (`btf_find_field`, `btf_find_field_one`, `btf_find_nested_struct`): in members of the struct, in
structs and arrays inside each other up to 32 deep (`MAX_RESOLVE_DEPTH`), in each variable of a data section; never through a union,
a typedef or a const. A lock, timer, work queue or task work may be there once; in an array only kernel pointers, list heads and tree
roots may be repeated. What does not keep these rules makes the kernel see no special members at all.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf import types as t
from bpfcc.verifier.options import MapFields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.frontend.btf import Btf

MAX_DEPTH: Final = 32
# The kernel's BTF_FIELDS_MAX.
MAX_FIELDS: Final = 11
KPTR_BYTES: Final = 8


class _Kind(NamedTuple):
    size: int
    align: int
    unique: bool = False
    repeated: bool = False


# By the name of the struct, without `bpf_`.
KINDS: Final = {
    "spin_lock": _Kind(4, 4, unique=True),
    "res_spin_lock": _Kind(4, 4, unique=True),
    "timer": _Kind(16, 8, unique=True),
    "wq": _Kind(16, 8, unique=True),
    "task_work": _Kind(8, 8, unique=True),
    "list_head": _Kind(16, 8, repeated=True),
    "list_node": _Kind(24, 8),
    "rb_root": _Kind(16, 8, repeated=True),
    "rb_node": _Kind(32, 8),
    "refcount": _Kind(4, 4),
}
KPTR_TAGS: Final = {"kptr": "kptr", "kptr_untrusted": "kptr_untrusted", "percpu_kptr": "kptr_percpu", "uptr": "uptr"}
GRAPH_ROOTS: Final = frozenset({"list_head", "rb_root"})
# Nodes are members of what a program allocates, never of a map's value (`map_check_btf`); user pointers only of a task's storage.
IN_MAPS: Final = frozenset(KINDS) - {"list_node", "rb_node"} | set(KPTR_TAGS.values())
IN_OBJECTS: Final = frozenset({"spin_lock", "res_spin_lock", "list_head", "list_node", "rb_root", "rb_node", "refcount"}) | {
    "kptr", "kptr_untrusted", "kptr_percpu",
}  # fmt: skip


class _Found(NamedTuple):
    """A special member; `target`: what a kernel pointer points to, or `STRUCT:MEMBER`, what a list or tree is made of."""

    offset: int
    kind: str
    size: int
    target: str = ""


class _NotAllowed(Exception):
    """The types break a rule: the kernel then sees no special members."""


def fields_of_map(spec: MapSpec) -> MapFields:
    """Special members of a map's values; none where the map has no types."""
    if spec.btf is None or not spec.btf_value_type_id:
        return MapFields()
    wanted = IN_MAPS if spec.type == "task_storage" else IN_MAPS - {"uptr"}
    return fields_of(spec.btf, spec.btf_value_type_id, wanted)


def fields_of(btf: Btf, type_id: int, wanted: frozenset[str] = IN_OBJECTS) -> MapFields:
    """Special members of a struct or data section. `wanted`: the kinds that are special there."""
    try:
        found = sorted(_Search(btf, wanted).top(btf.skip_modifiers(type_id)))
        _check(found)
    except (_NotAllowed, InputError):
        return MapFields()
    return MapFields({each.offset: (each.kind, each.size) for each in found}, {each.offset: each.target for each in found if each.target})


def _check(fields: list[_Found]) -> None:
    """What the kernel checks of all of them together (`btf_parse_fields`): no overlap, and no list or tree without a lock."""
    kinds = {each.kind for each in fields}
    if any(first.offset + first.size > second.offset for first, second in pairwise(fields)):
        raise _NotAllowed
    if kinds & GRAPH_ROOTS and not kinds & {"spin_lock", "res_spin_lock"}:
        raise _NotAllowed
    if kinds >= {"list_node", "rb_node"} and "refcount" not in kinds:
        raise _NotAllowed


@final
class _Search:
    """One search for the special members of a struct."""

    def __init__(self, btf: Btf, wanted: frozenset[str]) -> None:
        self.btf = btf
        self.wanted = wanted
        self._known: dict[int, tuple[_Found, ...]] = {}
        self._contains: dict[tuple[int, int], list[str]] | None = None

    def top(self, type_id: int) -> list[_Found]:
        found = self.btf.type(type_id)
        if found.kind == "struct":
            return list(self._struct(type_id, 0))
        if found.kind != "datasec":
            return []
        fields: list[_Found] = []
        seen: set[str] = set()
        for variable in found.variables:
            if self.btf.kind_number(variable.type_id) == t.VAR:
                inner = self.btf.referred(variable.type_id)
                # The tag of a global list head is on the variable as a whole.
                fields += self._one((variable.type_id, -1), inner, variable.offset, seen, depth=0, size=variable.size)
        return self._checked(fields)

    def _struct(self, type_id: int, depth: int) -> tuple[_Found, ...]:
        if depth >= MAX_DEPTH:
            raise _NotAllowed
        known = self._known.get(type_id)
        if known is None:
            fields: list[_Found] = []
            seen: set[str] = set()
            for index, member in enumerate(self.btf.type(type_id).members):
                if member.bit_offset % 8 == 0 and not member.bitfield_bits:
                    fields += self._one((type_id, index), member.type_id, member.bit_offset // 8, seen, depth=depth)
            known = self._known[type_id] = tuple(self._checked(fields))
        return known

    def _checked(self, fields: list[_Found]) -> list[_Found]:
        if len(fields) > MAX_FIELDS:
            raise _NotAllowed
        return fields

    def _one(
        self, place: tuple[int, int], type_id: int, offset: int, seen: set[str], *, depth: int, size: int = 0
    ) -> Iterable[_Found]:  # fmt: skip
        """The special members in one member or variable, which may be an array of them; `size` is the variable's."""
        count, type_id = self._elements(type_id)
        if not count:
            return ()
        kind = self.btf.name(type_id).removeprefix("bpf_") if self.btf.name(type_id).startswith("bpf_") else ""
        if kind in KINDS and kind in self.wanted:
            return self._special(place, type_id, kind, offset, count, seen)
        if self.btf.kind_number(type_id) == t.STRUCT:
            width = self.btf.type(type_id).size
            if size and size != width * count:
                return ()
            inner = self._struct(type_id, depth + 1)
            return self._repeated([each._replace(offset=each.offset + offset) for each in inner], count, width)
        if (size and size != KPTR_BYTES * count) or offset % KPTR_BYTES:
            return ()
        pointer = self._kptr(type_id, offset)
        return self._repeated([pointer], count, KPTR_BYTES) if pointer is not None else ()

    def _elements(self, type_id: int) -> tuple[int, int]:
        count = 1
        for _ in range(MAX_DEPTH):
            if self.btf.kind_number(type_id) != t.ARRAY:
                return count, type_id
            array = self.btf.type(type_id)
            count, type_id = count * array.length, array.type_id
        raise _NotAllowed

    def _special(
        self, place: tuple[int, int], type_id: int, kind: str, offset: int, count: int, seen: set[str]
    ) -> Iterable[_Found]:  # fmt: skip
        what = KINDS[kind]
        if what.unique and kind in seen:
            raise _NotAllowed
        seen.add(kind)
        if self.btf.kind_number(type_id) != t.STRUCT or self.btf.type(type_id).size != what.size or offset % what.align:
            return ()
        target = self._contained(place) if kind in GRAPH_ROOTS else ""
        return self._repeated([_Found(offset, kind, what.size, target)], count, what.size)

    def _repeated(self, fields: list[_Found], count: int, width: int) -> list[_Found]:
        if count == 1 or not fields:
            return fields
        if any(each.kind in KINDS and not KINDS[each.kind].repeated for each in fields) or len(fields) * count > MAX_FIELDS:
            raise _NotAllowed
        return [each._replace(offset=each.offset + index * width) for index in range(count) for each in fields]

    def _kptr(self, type_id: int, offset: int) -> _Found | None:
        """A pointer whose target has a type tag of ours; the pointer itself may be volatile."""
        if self.btf.kind_number(type_id) == t.VOLATILE:
            type_id = self.btf.referred(type_id)
        if self.btf.kind_number(type_id) != t.PTR:
            return None
        tag = self.btf.referred(type_id)
        if self.btf.kind_number(tag) != t.TYPE_TAG or self.btf.type(tag).kflag:
            return None
        kind = KPTR_TAGS.get(self.btf.name(tag))
        target = self.btf.referred(tag)
        if kind is None or self.btf.kind_number(target) == t.TYPE_TAG:
            raise _NotAllowed
        target = self.btf.skip_modifiers(target)
        if kind not in self.wanted:
            return None
        if self.btf.kind_number(target) != t.STRUCT:
            raise _NotAllowed
        return _Found(offset, kind, KPTR_BYTES, f"struct {self.btf.name(target)}")

    def _contained(self, place: tuple[int, int]) -> str:
        """What a list or tree is made of: the tag `contains:STRUCT:MEMBER` of its head, of which there must be one."""
        if self._contains is None:
            self._contains = {}
            for type_id in range(self.btf.first_id, self.btf.count):
                if self.btf.kind_number(type_id) == t.DECL_TAG:
                    tag = self.btf.type(type_id)
                    if tag.name.startswith("contains:"):
                        self._contains.setdefault((tag.type_id, tag.component), []).append(tag.name.removeprefix("contains:"))
        values = self._contains.get(place, [])
        struct, _, member = values[0].partition(":") if len(values) == 1 else ("", "", "")
        if not member or self.btf.find(struct, "struct") is None:
            raise _NotAllowed
        return f"{struct}:{member}"
