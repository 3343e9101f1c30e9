"""A platform: tables from one file, made into objects when they are asked for.

>>> linux = load_platform("linux")
>>> linux.helper(25).name, linux.effects(26).writes[0].size_argument
('perf_event_output', 3)

A command touches a few helpers, one program type and one context: only those become objects. The shipped files are checked
by the tests, a user's own when it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast, final

from bpfcc.bpfir.effects import CallbackWay, HelperEffects, Touch
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.specs.access import ContextAccess, access_to
from bpfcc.runtime.specs.model import (
    NARROW_KINDS,
    READ_KINDS,
    WRITE_KINDS,
    Argument,
    AttachType,
    Callback,
    ContextSpec,
    Field,
    FieldKind,
    Helper,
    Level,
    Limits,
    MapType,
    PacketKind,
    ProgramType,
    SectionType,
)

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs.kfuncs import Kfuncs
    from bpfcc.runtime.specs.tables import Table

Key = TypeVar("Key")
Item = TypeVar("Item")
DYNPTR_BYTES: Final = 16
INDEXED: Final = frozenset({"array", "percpu_array", "array_of_maps"})
# Helpers that follow an address given as a plain number: the lifter must not think that the memory behind it is unread.
FOLLOWS_ADDRESS: Final[Mapping[str, tuple[int, int]]] = {
    "probe_read": (2, 1), "probe_read_user": (2, 1), "probe_read_kernel": (2, 1), "probe_read_str": (2, 1), "copy_from_user": (2, 1),
    "probe_read_user_str": (2, 1), "probe_read_kernel_str": (2, 1), "copy_from_user_task": (2, 1), "probe_write_user": (0, 2),
}  # fmt: skip


@final
class LazyTable(Mapping[Key, Item], Generic[Key, Item]):
    """A mapping that makes its values when they are first asked for."""

    __slots__ = ("_made", "_make", "_source")

    def __init__(self, source: Mapping[Key, Any], make: Callable[[Key, Any], Item]) -> None:
        self._source = source
        self._make = make
        self._made: dict[Key, Item] = {}

    def __getitem__(self, key: Key) -> Item:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._make(key, self._source[key])
        return found

    def __iter__(self) -> Iterator[Key]:
        return iter(self._source)

    def __len__(self) -> int:
        return len(self._source)

    def __contains__(self, key: object) -> bool:
        return key in self._source


def numbers(text: str, sets: Mapping[str, str]) -> frozenset[int]:
    """The ids that "base 9-11 13" means, `base` being the name of another list."""
    found: set[int] = set()
    for word in text.split():
        if word in sets:
            found |= numbers(sets[word], {})
            continue
        first, _, last = word.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def make_argument(text: str) -> Argument:
    """`mem_uninit:8` is eight written bytes."""
    kind, _, size = text.partition(":")
    return Argument(kind, int(size) if size else None)


class HelperDefaults(NamedTuple):
    """What a platform's helpers are like where their rows do not say."""

    packet: bool = False
    fills: bool = True


PLAIN: Final = HelperDefaults()


def make_helper(row: Table, runtime: frozenset[int], defaults: HelperDefaults = PLAIN) -> Helper:
    """A helper from its row."""
    published = row.get("published_args")
    return Helper(
        id=row["id"],
        name=row["name"],
        arguments=tuple(make_argument(each) for each in row["args"]),
        returns=row.get("returns", "integer"),
        gpl_only=row.get("gpl_only", False),
        moves_packet=row.get("moves_packet", False),
        may_sleep=row.get("may_sleep", False),
        acquires=row.get("acquires", False),
        releases=row.get("releases", False),
        calls_back=row.get("calls_back", False),
        result_at_most=row.get("result_at_most"),
        runtime=row["id"] in runtime,
        result_range=_pair(row, "result_range"),
        packet=row.get("packet", defaults.packet),
        in_map_value=row.get("in_map_value"),
        under_lock=row.get("under_lock", False),
        callback=make_callback(row["callback"]) if "callback" in row else None,
        prototype=row.get("prototype"),
        published_flags=row.get("published_flags"),
        any_map=row.get("any_map", False),
        result=row.get("result"),
        fills=row.get("fills", defaults.fills),
        published_arguments=tuple(make_argument(each) for each in published) if published is not None else None,
    )


def make_callback(row: Table) -> Callback:
    """A callback from its row."""
    low, high = row["returns"]
    return Callback(row["function"], tuple(row["args"]), (low, high), row.get("context"), row.get("deferred", False))


def make_context(name: str, row: Table) -> ContextSpec:
    """A context from its row."""
    fields = tuple(make_field(*each) for each in row["fields"])
    types = frozenset(row.get("types", (name,)))
    return ContextSpec(
        name, row["size"], fields, row.get("variable", False), row.get("readable_from", 0), types, row.get("bytewise", False)
    )


def make_field(name: str, offset: int, size: int, kind: str = "scalar", count: int = 1, reads: str = "", writes: str = "whole") -> Field:
    """A field from the entries of its row; numbers may be read in part, addresses as a whole, where the row does not say."""
    return Field(name, offset, size, cast("FieldKind", kind), count, reads or ("narrow" if kind in NARROW_KINDS else "whole"), writes)


def _pair(row: Table, key: str) -> tuple[int, int] | None:
    found = row.get(key)
    return (found[0], found[1]) if found else None


def _names(row: Table, key: str) -> frozenset[str] | None:
    return frozenset(row[key]) if key in row else None


def make_attach_type(name: str, row: Table, sets: Mapping[str, str]) -> AttachType:
    """An attach type from its row."""
    return AttachType(
        name, row["number"], _names(row, "unreadable"), _names(row, "writable"), _pair(row, "return_range"), row.get("guid"),
        numbers(row.get("without_helpers", ""), sets),
    )  # fmt: skip


def make_map_type(name: str, row: Table) -> MapType:
    """A map type from its row."""
    return MapType(
        name, row["number"], frozenset(row.get("helpers", ())), row.get("sleepable", False), frozenset(row.get("fields", ())),
        _names(row, "types"),
    )  # fmt: skip


def effects_of(helper: Helper) -> HelperEffects:
    """Which memory of the program a call reads and writes."""
    reads: list[Touch] = []
    writes: list[Touch] = []
    for index, argument in enumerate(helper.arguments):
        touch = Touch(index, argument.size, helper.size_argument(index) if argument.size is None else None)
        if argument.kind in READ_KINDS:
            reads.append(touch)
        if argument.kind in WRITE_KINDS:
            writes.append(touch)
        if argument.kind == "dynptr":
            reads.append(Touch(index, DYNPTR_BYTES))
        if argument.kind == "dynptr_uninit" or (argument.kind == "dynptr" and helper.releases):
            writes.append(Touch(index, DYNPTR_BYTES))
    if helper.name in FOLLOWS_ADDRESS:
        at, size = FOLLOWS_ADDRESS[helper.name]
        reads.append(Touch(at, None, size))
    return HelperEffects(
        arity=len(helper.arguments),
        reads=tuple(reads),
        writes=tuple(writes),
        moves_packet=helper.moves_packet,
        calls_back=helper.calls_back,
        callback=callback_way(helper.callback) if helper.callback is not None else None,
    )


def callback_way(callback: Callback) -> CallbackWay | None:
    """How its own context gets to a callback; None where it has none."""
    if callback.context is None or "context" not in callback.arguments:
        return None
    return CallbackWay(callback.function, callback.context, callback.arguments.index("context"))


@final
class Platform:
    """The tables of one platform. Names are libbpf's; ids and numbers are the platform's own."""

    def __init__(self, table: Table, *, file: str | None = None) -> None:
        self.name: str = table["name"]
        self.file = file
        self.max_tail_calls: int = table.get("max_tail_calls", 33)
        # What findings of a class are where the caller does not say; a class that is not here is an error.
        self.levels: Mapping[str, Level] = table.get("levels", {})
        self.limits = Limits(**{"tail_calls": self.max_tail_calls, **table.get("limits", {})})
        self._sets: Mapping[str, str] = table.get("helper_sets", {})
        self._runtime = numbers(table.get("runtime", ""), self._sets)
        self._ids: dict[str, int] = {row["name"]: row["id"] for row in table["helpers"]}
        self._effects: dict[int, HelperEffects] = {}
        rows = {row["id"]: row for row in table["helpers"]}
        self._rows = table["helpers"]
        # Whether memory arguments may lie in the packet, and whether what helpers write to is written whole.
        self._defaults = HelperDefaults(table.get("packet_arguments", False), table.get("fills_buffers", True))
        self.helpers_by_id: Mapping[int, Helper] = LazyTable(rows, lambda _, row: make_helper(row, self._runtime, self._defaults))
        self.contexts: Mapping[str, ContextSpec] = LazyTable(table["contexts"], make_context)
        self.program_types: Mapping[str, ProgramType] = LazyTable(table["program_types"], self._make_program_type)
        self.map_types: Mapping[str, MapType] = LazyTable(table["map_types"], make_map_type)
        # Beginnings of section names; a platform whose rules are of another kind has none.
        self.sections: Mapping[str, SectionType] = LazyTable(
            table.get("sections", {}), lambda _, row: SectionType(row["type"], row.get("attach_type"))
        )
        self.helper_prefix: str = table.get("helper_prefix", "")
        # Whose numbers and records the objects of its programs have: "linux" or "windows".
        self.objects: str = table.get("objects", "linux")
        # Whether global functions are judged by their prototypes, else like static ones where they are called.
        self.by_prototype: bool = table.get("global_functions", "prototype") == "prototype"
        # Whether a program may call a function of its own whose address is in a register.
        self.indirect_calls: bool = table.get("indirect_calls", True)
        # What maps with indices read of a key, however large that is said to be; 0: as much as is said.
        self._index_bytes: int = table.get("index_bytes", 0)
        # Whether values of arrays lie side by side, whatever their size; else each begins at a multiple of 8 bytes.
        self.packed_arrays: bool = table.get("packed_arrays", False)
        self._kfuncs: Table | None = table.get("kfuncs")

    def _make_program_type(self, name: str, row: Table) -> ProgramType:
        own = {each["id"]: make_helper(each, self._runtime, self._defaults) for each in row.get("own_helpers", ())}
        allowed = row.get("helpers", "")
        return ProgramType(
            name=name,
            number=row["number"],
            context=row.get("context"),
            helper_ids=None if allowed == "*" else numbers(allowed, self._sets) | own.keys(),
            packet=cast("PacketKind | None", row.get("packet")),
            unreadable=_names(row, "unreadable") or frozenset(),
            writable=_names(row, "writable") or frozenset(),
            attach_types={each: make_attach_type(each, entry, self._sets) for each, entry in row.get("attach_types", {}).items()},
            return_range=_pair(row, "return_range"),
            return_names={int(value): text for value, text in row.get("return_names", {}).items()},
            context_by_arch=row.get("context_by_arch", {}),
            own_helpers=own,
            guid=row.get("guid"),
            without_fields=frozenset(row.get("without_fields", ())),
            stack_per_frame=row.get("stack_per_frame", False),
            descriptor=row.get("descriptor"),
        )

    def helper(self, reference: int | str, program_type: str | None = None) -> Helper:
        """A helper by id or by name (with or without `bpf_`); `program_type` finds a type's own. Raises InputError."""
        if program_type is not None:
            for own in self.program_type(program_type).own_helpers.values():
                if reference in {own.id, own.name, f"bpf_{own.name}"}:
                    return own
        key = self._ids.get(reference.removeprefix("bpf_"), self._ids.get(reference, -1)) if isinstance(reference, str) else reference
        if key not in self.helpers_by_id:
            raise InputError(f"{self.name} has no helper {reference!r}")
        return self.helpers_by_id[key]

    def key_bytes(self, spec: MapSpec) -> int:
        """What helpers read of a key of that map."""
        return max(spec.key_size, self._index_bytes) if spec.type in INDEXED and spec.key_size else spec.key_size

    @property
    def fills_buffers(self) -> bool:
        """Whether a buffer that another module's function is given to write to is written to its last byte; so are helpers' by default."""
        return self._defaults.fills

    def helper_name(self, helper_id: int, program_type: str | None = None) -> str | None:
        """A helper's name in C; None where there is none of that id."""
        own = self.program_types[program_type].own_helpers if program_type is not None and program_type in self.program_types else {}
        found = own.get(helper_id) or self.helpers_by_id.get(helper_id)
        if found is None:
            return None
        return found.name if found.prototype == found.name else self.helper_prefix + found.name

    def program_type(self, name: str) -> ProgramType:
        """A program type by its libbpf name. Raises UnsupportedError, which lists the names that there are."""
        if name not in self.program_types:
            known = ", ".join(sorted(self.program_types))
            raise UnsupportedError(f"program type {name}", f"{self.name} has no program type {name!r}; there are {known}")
        return self.program_types[name]

    def section(self, name: str) -> SectionType | None:
        """What a section's name says: the longest beginning that the table has."""
        found = [each for each in self.sections if name.startswith(each)]
        return self.sections[max(found, key=len)] if found else None

    def helper_allowed(self, helper_id: int, program_type: str, attach_type: str | None = None) -> bool:
        """Whether programs of that type may call it; where they are attached may take some away."""
        spec = self.program_type(program_type)
        attach = spec.attach_types.get(attach_type or "")
        if attach is not None and helper_id in attach.without_helpers:
            return False
        return helper_id in self.helpers_by_id if spec.helper_ids is None else helper_id in spec.helper_ids

    def effects(self, helper_id: int, /) -> HelperEffects | None:
        """What the lifter has to know of a call (`bpfcc.bpfir.effects.EffectsOf`); None for an unknown helper."""
        found = self._effects.get(helper_id)
        if found is None and helper_id in self.helpers_by_id:
            found = self._effects[helper_id] = effects_of(self.helpers_by_id[helper_id])
        return found

    def effects_for(self, program_type: str | None) -> EffectsOf:
        """The same where programs of that type call, whose own helpers go before the others."""
        if program_type is None or program_type not in self.program_types:
            return self.effects
        own = self.program_types[program_type].own_helpers
        if not own:
            return self.effects
        known = {number: effects_of(helper) for number, helper in own.items()}

        def found(helper_id: int, /) -> HelperEffects | None:
            return known[helper_id] if helper_id in known else self.effects(helper_id)

        return found

    @cached_property
    def kfuncs(self) -> Kfuncs:
        """Kernel functions by name; a platform without any has none."""
        from bpfcc.runtime.specs.kfuncs import load_kfuncs, make_kfuncs

        return load_kfuncs(self.name if self.file is None else "") if self._kfuncs is None else make_kfuncs(self._kfuncs)

    @cached_property
    def settled_ids(self) -> frozenset[int]:
        """Helpers after which every address means what it meant: they move no packet, take nothing back, call nothing back."""
        flags = ("moves_packet", "calls_back", "releases", "may_sleep")
        tail_call = self._ids.get("tail_call")
        return frozenset(row["id"] for row in self._rows if row["id"] != tail_call and not any(row.get(flag) for flag in flags))

    def context_of(self, program_type: str, arch: str | None = None) -> ContextSpec | None:
        """The context that programs of a type get; `arch` picks the register layout of kprobes."""
        spec = self.program_type(program_type)
        name = spec.context_by_arch.get(arch or "", spec.context)
        return self.contexts[name] if name is not None else None

    def context_types(self, program_type: str | None = None) -> frozenset[str]:
        """C names of the structs and typedefs that the context of such programs is; of any program where None."""
        if program_type is None:
            return frozenset(name for context in self.contexts.values() for name in context.types)
        spec = self.program_type(program_type)
        names = {spec.context, *spec.context_by_arch.values()} - {None}
        return frozenset(each for name in names if name is not None for each in self.contexts[name].types)

    def readable_fields(self, program_type: str, attach_type: str | None = None) -> frozenset[str]:
        """Names of the context's fields that such a program may read."""
        spec, context = self.program_type(program_type), self.context_of(program_type)
        attach = spec.attach_types.get(attach_type or "")
        hidden = attach.unreadable if attach is not None and attach.unreadable is not None else spec.unreadable
        return frozenset(each.name for each in context.fields) - hidden if context is not None else frozenset()

    def writable_fields(self, program_type: str, attach_type: str | None = None) -> frozenset[str]:
        """Names of the context's fields that such a program may write; {"*"} means every byte."""
        spec = self.program_type(program_type)
        attach = spec.attach_types.get(attach_type or "")
        return attach.writable if attach is not None and attach.writable is not None else spec.writable

    def access(
        self, program_type: str, attach_type: str | None, offset: int, size: int, *, write: bool = False, arch: str | None = None
    ) -> ContextAccess:  # fmt: skip
        """What an access of `size` bytes to the context is to, and whether such a program may make it."""
        spec = self.context_of(program_type, arch)
        if spec is None:
            return ContextAccess(why="no context")
        if offset < 0 or size <= 0 or offset + size > spec.size:
            return ContextAccess(why="outside")
        # The lists of a type are about the context of this machine's kind; register files of others may be read like this one's.
        usual = spec is self.context_of(program_type)
        everything = frozenset(each.name for each in spec.fields)
        if write:
            names = self.writable_fields(program_type, attach_type)
            return access_to(spec, offset, size, everything if "*" in names else names, write=True, open_for_writing="*" in names)
        return access_to(spec, offset, size, self.readable_fields(program_type, attach_type) if usual else everything)

    def return_range(self, program_type: str, attach_type: str | None = None) -> tuple[int, int] | None:
        """What the platform lets such a program return, None = anything."""
        spec = self.program_type(program_type)
        attach = spec.attach_types.get(attach_type or "")
        return attach.return_range if attach is not None and attach.return_range is not None else spec.return_range


def load_platform(reference: str) -> Platform:
    """`linux`, `windows`, or the path of a JSON or TOML file; the same object each time. Raises InputError."""
    from bpfcc.runtime.specs.tables import read_table

    if reference not in _LOADED:
        table, file = read_table(reference)
        _LOADED[reference] = Platform(table, file=file)
    return _LOADED[reference]


_LOADED: Final[dict[str, Platform]] = {}
