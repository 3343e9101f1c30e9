"""What an object's BTF says of its functions and maps.

    int parse(struct xdp_md *ctx, struct header *out __arg_nonnull, __u32 n)

    Prototype("parse", (Parameter("ctx"), Parameter("memory", size=14, nonnull=True), Parameter("number")))

Global functions are verified by their prototype alone, so this reads a prototype as the kernel's `btf_prepare_func_args` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf import types as t
from bpfcc.types.fields import fields_of_map
from bpfcc.verifier.options import MapFields, Parameter, Prototype

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.frontend.btf import Btf

MAX_PARAMETERS: Final = 5
TAG_PREFIX: Final = "arg:"
EXCEPTION: Final = "exception_callback:"
_INTEGERS: Final = frozenset({t.INT, t.ENUM, t.ENUM64})
_UNKNOWN: Final = Parameter("unknown")
_NUMBER: Final = Parameter("number")


class _Tagged(NamedTuple):
    """What a declaration tag is on: a function and one of its parameters."""

    function: int
    parameter: int


@final
class NoObjectTypes:
    """`verifier.options.ObjectTypes` of a program without BTF."""

    def prototype(self, btf_type_id: int) -> Prototype | None:
        """Nothing is known."""
        return None

    def exception_callback(self, btf_type_id: int) -> str | None:
        """Nothing is known."""
        return None

    def map_fields(self, spec: MapSpec) -> MapFields:
        """Special members of the map's values, by the map's own BTF."""
        return fields_of_map(spec)


@final
class ObjectBtf:
    """`verifier.options.ObjectTypes` on an object's BTF. `contexts`: names of the structs that a pointer to is a context."""

    def __init__(self, btf: Btf, contexts: frozenset[str]) -> None:
        self.btf: Final = btf
        self.contexts: Final = contexts
        self._prototypes: dict[int, Prototype | None] = {}
        self._tags: Mapping[_Tagged, frozenset[str]] | None = None
        self._exceptions: Mapping[int, str] | None = None
        # Keyed by the definition itself: map definitions are compared, and their types are in whatever BTF they carry.
        self._fields: dict[int, tuple[MapSpec, MapFields]] = {}

    def prototype(self, btf_type_id: int) -> Prototype | None:
        """The function's type; None where the id is no function's, or its types are malformed."""
        if btf_type_id not in self._prototypes:
            try:
                self._prototypes[btf_type_id] = self._read(btf_type_id)
            except InputError:
                self._prototypes[btf_type_id] = None
        return self._prototypes[btf_type_id]

    def exception_callback(self, btf_type_id: int) -> str | None:
        """The function that a program's declaration names for what it throws."""
        return self._callbacks().get(btf_type_id)

    def map_fields(self, spec: MapSpec) -> MapFields:
        """Special members of the map's values."""
        found = self._fields.get(id(spec))
        if found is None:
            found = self._fields[id(spec)] = (spec, fields_of_map(spec))
        return found[1]

    def _read(self, type_id: int) -> Prototype | None:
        if not 0 < type_id < self.btf.count or self.btf.kind_number(type_id) != t.FUNC:
            return None
        proto = self.btf.type(self.btf.referred(type_id))
        if proto.kind != "func_proto":
            return None
        returned = self.btf.skip_modifiers(proto.type_id)
        parameters = proto.parameters
        read = (self._parameter(type_id, index, each.type_id) for index, each in enumerate(parameters[:MAX_PARAMETERS]))
        # A sixth parameter is on no register: that the prototype is not one of a global function shows in its length.
        return Prototype(
            self.btf.name(type_id),
            (*read, *(_UNKNOWN for _ in parameters[MAX_PARAMETERS:])),
            returns_value=self.btf.kind_number(returned) in _INTEGERS,
            returns_void=returned == 0,
        )

    def _parameter(self, function: int, index: int, type_id: int) -> Parameter:
        tags = self._tags_of(function, index)
        found = self.btf.skip_modifiers(type_id)
        number = self.btf.kind_number(found)
        if number == t.PTR:
            return self._pointer(self.btf.referred(found), tags)
        return _NUMBER if number in _INTEGERS and not tags else _UNKNOWN

    def _pointer(self, pointee: int, tags: frozenset[str]) -> Parameter:
        """The order of these questions is the kernel's, and so is the refusal of tags that do not go together."""
        target = self.btf.skip_modifiers(pointee)
        number, name = self.btf.kind_number(target), self.btf.name(target)
        if "ctx" in tags or self._is_context(pointee):
            return Parameter("ctx", nonnull=True) if tags <= {"ctx"} else _UNKNOWN
        if name == "bpf_dynptr" and number in (t.STRUCT, t.FWD):
            return Parameter("dynptr", nonnull=True) if not tags else _UNKNOWN
        if "trusted" in tags:
            return Parameter("trusted", nonnull="nullable" not in tags, type=_struct(name)) if tags <= {"trusted", "nullable"} else _UNKNOWN
        if "untrusted" in tags:
            return Parameter("untrusted", type=_struct(name) if number == t.STRUCT else name) if tags == {"untrusted"} else _UNKNOWN
        if "arena" in tags:
            return Parameter("arena") if tags == {"arena"} else _UNKNOWN
        if not tags <= {"nonnull"} or number not in t.SIZED | {t.PTR, t.ARRAY}:
            return _UNKNOWN
        return Parameter("memory", self.btf.size_of(target), "nonnull" in tags)

    def _is_context(self, pointee: int) -> bool:
        """Whether a struct of that name is the context; a register file goes by the name of a typedef instead."""
        type_id = pointee
        for _ in range(MAX_PARAMETERS * 8):
            kind = self.btf.kind_number(type_id)
            if kind in (t.TYPEDEF, t.STRUCT, t.FWD) and self.btf.name(type_id) in self.contexts:
                return True
            if kind not in t.MODIFIERS_AND_TYPEDEFS:
                return False
            type_id = self.btf.referred(type_id)
        return False

    def _tags_of(self, function: int, parameter: int) -> frozenset[str]:
        if self._tags is None:
            self._tags = self._read_tags()
        return self._tags.get(_Tagged(function, parameter), frozenset())

    def _callbacks(self) -> Mapping[int, str]:
        if self._exceptions is None:
            ids = range(self.btf.first_id, self.btf.count)
            try:
                tags = [self.btf.type(each) for each in ids if self.btf.kind_number(each) == t.DECL_TAG]
            except InputError:
                tags = []
            self._exceptions = {tag.type_id: tag.name.removeprefix(EXCEPTION) for tag in tags if tag.name.startswith(EXCEPTION)}
        return self._exceptions

    def _read_tags(self) -> Mapping[_Tagged, frozenset[str]]:
        """Every `arg:` tag of the object, read once: there is no index from a function to its tags."""
        found: dict[_Tagged, frozenset[str]] = {}
        for type_id in range(self.btf.first_id, self.btf.count):
            if self.btf.kind_number(type_id) != t.DECL_TAG:
                continue
            tag = self.btf.type(type_id)
            if tag.name.startswith(TAG_PREFIX):
                at = _Tagged(tag.type_id, tag.component)
                found[at] = found.get(at, frozenset()) | {tag.name.removeprefix(TAG_PREFIX)}
        return found


def _struct(name: str) -> str:
    return f"struct {name}"
