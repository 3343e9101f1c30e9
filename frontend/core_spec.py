"""What a CO-RE relocation asks for, in the program's types and in the target's.

    struct task_struct, access "0:9:0"   ->  accessors task_struct[0] .se .vruntime, bit offset 1024
    find_in(…, target task_struct)       ->  the same names there, at another bit offset; or None

The rules are libbpf's (its `relo_core.c` describes them): a target matches when every named field is found, through
anonymous structs and unions, with a compatible type, and every array index is inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf.names import essential_name

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf, CoreRelocation

(
    FIELD_BYTE_OFFSET, FIELD_BYTE_SIZE, FIELD_EXISTS, FIELD_SIGNED, FIELD_LSHIFT_U64, FIELD_RSHIFT_U64, TYPE_ID_LOCAL,
    TYPE_ID_TARGET, TYPE_EXISTS, TYPE_SIZE, ENUMVAL_EXISTS, ENUMVAL_VALUE, TYPE_MATCHES,
) = range(13)  # fmt: skip
KIND_NAMES: Final = (
    "field_byte_offset", "field_byte_size", "field_exists", "field_signed", "field_lshift_u64", "field_rshift_u64", "type_id_local",
    "type_id_target", "type_exists", "type_size", "enumval_exists", "enumval_value", "type_matches",
)  # fmt: skip
FIELD_KINDS: Final = frozenset(range(FIELD_BYTE_OFFSET, FIELD_RSHIFT_U64 + 1))
TYPE_KINDS: Final = frozenset({TYPE_ID_LOCAL, TYPE_ID_TARGET, TYPE_EXISTS, TYPE_SIZE, TYPE_MATCHES})
ENUM_KINDS: Final = frozenset({ENUMVAL_EXISTS, ENUMVAL_VALUE})

MAX_STEPS: Final = 64
# Anonymous members inside each other multiply; no kernel type comes near this many.
MAX_VISITS: Final = 100_000
MAX_STEPS_OF_OBJECT: Final = 20_000_000
ENUMS: Final = ("enum", "enum64")
COMPOSITES: Final = ("struct", "union")


class NoMatchError(Exception):
    """The target cannot be compared: malformed, too deep. The message completes `… because`."""


class Accessor(NamedTuple):
    """One step: member `position` of the type, by name; or element `position`, without one."""

    type_id: int
    position: int
    name: str | None


@final
@dataclass(slots=True)
class Spec:
    """A place in a type, or just a type."""

    btf: Btf
    root: int
    accessors: list[Accessor] = field(default_factory=list)
    bit_offset: int = 0

    def path(self) -> str:
        """The steps as C would write them, without the first index."""
        text = ""
        for step in self.accessors[1:]:
            text += f".{step.name}" if step.name is not None else f"[{step.position}]"
        return text.removeprefix(".")


def parse(btf: Btf, relocation: CoreRelocation) -> Spec:
    """Read the access string in the program's own types. A malformed one is an `InputError`."""
    spec = Spec(btf, relocation.type_id)
    if relocation.kind in TYPE_KINDS:
        if relocation.access != "0":
            raise _malformed(btf, relocation, "a type relocation with a field")
        btf.kind_number(relocation.type_id)
        return spec
    steps = _steps(btf, relocation)
    type_id = btf.skip_modifiers(relocation.type_id)
    if relocation.kind in ENUM_KINDS:
        found = btf.type(type_id)
        if found.kind not in ENUMS or len(steps) > 1 or steps[0] >= len(found.enumerators):
            raise _malformed(btf, relocation, f"an enumerator of {found.kind} {found.name!r}")
        spec.accessors.append(Accessor(type_id, steps[0], found.enumerators[steps[0]].name))
        return spec
    spec.accessors.append(Accessor(type_id, steps[0], None))
    spec.bit_offset = steps[0] * btf.size_of(type_id) * 8
    for step in steps[1:]:
        type_id = _descend(spec, relocation, type_id, step)
    return spec


def _steps(btf: Btf, relocation: CoreRelocation) -> list[int]:
    parts = relocation.access.split(":")
    if not all(p.isascii() and p.isdigit() and len(p) < 10 for p in parts) or len(parts) > MAX_STEPS:
        raise _malformed(btf, relocation, "its access string")
    return [int(p) for p in parts]


def _malformed(btf: Btf, relocation: CoreRelocation, what: str) -> InputError:
    return InputError(
        f"CO-RE relocation of type {relocation.type_id}, access {relocation.access!r}: {what} is malformed",
        file=btf.file,
        section=".BTF.ext",
        insn=relocation.insn_offset // 8,
    )


def _descend(spec: Spec, relocation: CoreRelocation, type_id: int, step: int) -> int:
    btf = spec.btf
    type_id = btf.skip_modifiers(type_id)
    found = btf.type(type_id)
    if found.kind in COMPOSITES:
        if step >= len(found.members):
            raise _malformed(btf, relocation, f"field {step} of {found.name!r}")
        member = found.members[step]
        spec.bit_offset += member.bit_offset
        if member.name:
            spec.accessors.append(Accessor(type_id, step, member.name))
        return member.type_id
    if found.kind != "array":
        raise _malformed(btf, relocation, f"an access into {found.kind} {found.name!r}")
    if step >= found.length and not is_flexible(btf, spec.accessors[-1], found.length):
        raise _malformed(btf, relocation, f"index {step} of an array of {found.length}")
    element = btf.skip_modifiers(found.type_id)
    spec.accessors.append(Accessor(element, step, None))
    spec.bit_offset += step * btf.size_of(element) * 8
    return element


def is_flexible(btf: Btf, before: Accessor, length: int) -> bool:
    """Whether an array without length is the last member of its struct, and so has elements at any index."""
    return before.name is not None and length == 0 and before.position == len(btf.type(before.type_id).members) - 1


@final
class Budget:
    """Steps left for one object: its relocations, candidates and members are numbers that it chooses itself."""

    def __init__(self, steps: int = MAX_STEPS_OF_OBJECT) -> None:
        self.steps = steps

    def spend(self, steps: int) -> None:
        """Take steps, or refuse."""
        self.steps -= steps
        if self.steps < 0:
            raise InputError("its CO-RE relocations take too long to look up", section=".BTF.ext")


def find_in(local: Spec, target: Btf, root: int, kind: int, budget: Budget | None = None) -> Spec | None:
    """Find the same field or enumerator below a candidate type."""
    if kind in ENUM_KINDS:
        return _find_enumerator(local, target, root, budget or Budget())
    return _Finder(target, budget or Budget()).find(local, root)


def _find_enumerator(local: Spec, target: Btf, root: int, budget: Budget) -> Spec | None:
    found = target.type(target.skip_modifiers(root))
    budget.spend(1 + len(found.enumerators))
    if found.kind not in ENUMS:
        return None
    wanted = essential_name(local.accessors[0].name or "")
    for index, enumerator in enumerate(found.enumerators):
        if essential_name(enumerator.name) == wanted:
            return Spec(target, root, [Accessor(found.id, index, enumerator.name)])
    return None


class _Finder:
    """Follows the accessors of a local spec through target types."""

    def __init__(self, target: Btf, budget: Budget) -> None:
        self.target, self.budget = target, budget
        self.visits = 0

    def find(self, local: Spec, root: int) -> Spec | None:
        spec = Spec(self.target, root)
        type_id = root
        for number, step in enumerate(local.accessors):
            type_id = self.target.skip_modifiers(type_id)
            if step.name is not None:
                following = self._member(local, step, type_id, spec)
                if following is None:
                    return None
                type_id = following
                continue
            if number:
                found = self.target.type(type_id)
                if found.kind != "array":
                    return None
                if step.position >= found.length and not is_flexible(self.target, spec.accessors[-1], found.length):
                    return None
                type_id = self.target.skip_modifiers(found.type_id)
            spec.accessors.append(Accessor(type_id, step.position, None))
            spec.bit_offset += step.position * self.target.size_of(type_id) * 8
        return spec

    def _member(self, local: Spec, step: Accessor, type_id: int, spec: Spec) -> int | None:
        """Find the member by name, looking into anonymous ones; extends `spec` and returns the member's type."""
        wanted = local.btf.type(step.type_id).members[step.position]
        place = self._search(type_id, wanted.name, MAX_STEPS)
        if place is None:
            return None
        accessor, bit_offset, following = place
        if not fields_are_compatible(local.btf, wanted.type_id, self.target, following):
            return None
        spec.accessors.append(accessor)
        spec.bit_offset += bit_offset
        return following

    def _search(self, type_id: int, name: str, depth: int) -> tuple[Accessor, int, int] | None:
        type_id = self.target.skip_modifiers(type_id)
        found = self.target.type(type_id)
        self.budget.spend(1 + len(found.members))
        if found.kind not in COMPOSITES:
            return None
        for index, member in enumerate(found.members):
            self.visits += 1
            if not depth or self.visits > MAX_VISITS:
                raise NoMatchError(f"the members of {found.kind} {found.name!r} nest too deeply")
            if member.name == name:
                return Accessor(type_id, index, name), member.bit_offset, member.type_id
            if not member.name:
                inner = self._search(member.type_id, name, depth - 1)
                if inner is not None:
                    return inner[0], inner[1] + member.bit_offset, inner[2]
        return None


def fields_are_compatible(local: Btf, local_id: int, target: Btf, target_id: int) -> bool:
    """Whether a field of one type may be read as one of the other."""
    for _ in range(MAX_STEPS):
        a, b = local.type(local.skip_modifiers(local_id)), target.type(target.skip_modifiers(target_id))
        if a.kind in COMPOSITES and b.kind in COMPOSITES:
            return True
        if not kinds_are_compatible(a.kind, b.kind):
            return False
        match a.kind:
            case "ptr" | "float":
                return True
            case "enum" | "enum64" | "fwd":
                return not a.name or not b.name or essential_name(a.name) == essential_name(b.name)
            case "int":
                return a.bit_offset == 0 and b.bit_offset == 0
            case "array":
                local_id, target_id = a.type_id, b.type_id
            case _:
                return False
    raise NoMatchError("the type's arrays nest too deeply")


def kinds_are_compatible(a: str, b: str) -> bool:
    """The same kind; enums of either width are one."""
    return a == b or (a in ENUMS and b in ENUMS)
