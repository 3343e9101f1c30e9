"""Whether a type of the program is "the same" as one of the target, in CO-RE's two senses.

    exists   struct a { int x; }  ~  struct a { long y; }      same kind; pointers, arrays and functions are compared inside
    matches  struct a { int x; }  !~ struct a { long y; }      members, sizes and signs count too, up to a pointer

Names are compared without flavours. The walk ends on hostile types: results are remembered, depth is limited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.frontend.btf.names import essential_name
from bpfcc.frontend.core_spec import COMPOSITES, ENUMS, Budget, NoMatchError, kinds_are_compatible

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf, BtfType

MAX_DEPTH: Final = 32


@final
class Comparison:
    """Compares types of two blobs; remembers what it has found."""

    def __init__(self, local: Btf, target: Btf, budget: Budget | None = None) -> None:
        self.local, self.target, self.budget = local, target, budget or Budget()
        self._compatible: dict[tuple[int, int], bool | None] = {}
        self._matching: dict[tuple[int, int, bool], bool | None] = {}

    def exists(self, local_id: int, target_id: int) -> bool:
        """The sense of `bpf_core_type_exists`; the caller has compared the names."""
        if not kinds_are_compatible(self.local.kind(local_id), self.target.kind(target_id)):
            return False
        return self._exists(local_id, target_id, MAX_DEPTH)

    def _exists(self, local_id: int, target_id: int, depth: int) -> bool:
        local_id, target_id = self.local.skip_modifiers(local_id), self.target.skip_modifiers(target_id)
        key = (local_id, target_id)
        if key in self._compatible:
            known = self._compatible[key]
            if known is None:
                raise NoMatchError("the type refers to itself")
            return known
        if not depth:
            raise NoMatchError("the type nests too deeply")
        self._compatible[key] = None
        try:
            result = self._exists_inside(self.local.type(local_id), self.target.type(target_id), depth - 1)
        except NoMatchError:
            del self._compatible[key]
            raise
        self._compatible[key] = result
        return result

    def _exists_inside(self, a: BtfType, b: BtfType, depth: int) -> bool:
        self.budget.spend(1 + len(a.parameters))
        if not kinds_are_compatible(a.kind, b.kind):
            return False
        match a.kind:
            case "void" | "struct" | "union" | "enum" | "enum64" | "fwd":
                return True
            case "int":
                return a.bit_offset == 0 and b.bit_offset == 0
            case "ptr" | "array":
                return self._exists(a.type_id, b.type_id, depth)
            case "func_proto":
                if len(a.parameters) != len(b.parameters):
                    return False
                pairs = zip(a.parameters, b.parameters, strict=True)
                return all(self._exists(p.type_id, q.type_id, depth) for p, q in pairs) and self._exists(a.type_id, b.type_id, depth)
            case _:
                return False

    def matches(self, local_id: int, target_id: int) -> bool:
        """The sense of `bpf_core_type_matches`."""
        if self.local.kind(local_id) == "typedef" and not self._same_name(self.local.name(local_id), self.target.name(target_id)):
            return False
        return self._matches(local_id, target_id, MAX_DEPTH, behind_pointer=False)

    @staticmethod
    def _same_name(a: str, b: str) -> bool:
        return essential_name(a) == essential_name(b)

    def _matches(self, local_id: int, target_id: int, depth: int, *, behind_pointer: bool) -> bool:
        local_id, target_id = self.local.skip_modifiers(local_id), self.target.skip_modifiers(target_id)
        key = (local_id, target_id, behind_pointer)
        if key in self._matching:
            known = self._matching[key]
            if known is None:
                raise NoMatchError("the type contains itself")
            return known
        if not depth:
            raise NoMatchError("the type nests too deeply")
        self._matching[key] = None
        try:
            a, b = self.local.type(local_id), self.target.type(target_id)
            result = self._same_name(a.name, b.name) and self._matches_inside(a, b, depth - 1, behind_pointer=behind_pointer)
        except NoMatchError:
            del self._matching[key]
            raise
        self._matching[key] = result
        return result

    def _matches_inside(self, a: BtfType, b: BtfType, depth: int, *, behind_pointer: bool) -> bool:
        self.budget.spend(1 + len(a.members) + len(b.members) + len(a.enumerators) + len(b.enumerators) + len(a.parameters))
        match a.kind:
            case "void":
                return b.kind == "void"
            case "fwd":
                if a.kind == b.kind:
                    return a.kflag == b.kflag
                return behind_pointer and b.kind == ("union" if a.kflag else "struct")
            case "enum" | "enum64":
                return self._enums_match(a, b)
            case "struct" | "union":
                return self._composites_match(a, b, depth, behind_pointer=behind_pointer)
            case "int":
                return a.kind == b.kind and a.size == b.size and a.signed == b.signed
            case "ptr":
                return a.kind == b.kind and self._matches(a.type_id, b.type_id, depth, behind_pointer=True)
            case "array":
                return (
                    a.kind == b.kind and a.length == b.length and self._matches(a.type_id, b.type_id, depth, behind_pointer=behind_pointer)
                )
            case "func_proto":
                if a.kind != b.kind or len(a.parameters) != len(b.parameters):
                    return False
                pairs = [(p.type_id, q.type_id) for p, q in zip(a.parameters, b.parameters, strict=True)]
                return all(self._matches(p, q, depth, behind_pointer=behind_pointer) for p, q in [*pairs, (a.type_id, b.type_id)])
            case _:
                return False

    def _enums_match(self, a: BtfType, b: BtfType) -> bool:
        if b.kind not in ENUMS or a.size != b.size:
            return False
        names = {essential_name(e.name) for e in b.enumerators}
        return all(essential_name(e.name) in names for e in a.enumerators)

    def _composites_match(self, a: BtfType, b: BtfType, depth: int, *, behind_pointer: bool) -> bool:
        if behind_pointer:
            return a.kind == b.kind or (b.kind == "fwd" and (a.kind == "union") == b.kflag)
        if a.kind != b.kind or b.kind not in COMPOSITES or len(a.members) > len(b.members):
            return False
        by_name: dict[str, list[int]] = {}
        for member in b.members:
            by_name.setdefault(essential_name(member.name), []).append(member.type_id)
        return all(
            any(
                self._matches(member.type_id, candidate, depth, behind_pointer=False)
                for candidate in by_name.get(essential_name(member.name), ())
            )
            for member in a.members
        )
