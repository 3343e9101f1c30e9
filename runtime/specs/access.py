"""Accesses to a context, judged by its layout.

access_to(xdp_md, 0, 4, {"data", …})     ContextAccess(Field("data"), "")       allowed
access_to(xdp_md, 0, 2, {"data", …})     ContextAccess(Field("data"), "width")  half of an address
access_to(xdp_md, 20, 4, {"data", …})    ContextAccess(Field("egress_ifindex"), "not readable")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from bpfcc.runtime.specs.model import NARROW_KINDS, Field

if TYPE_CHECKING:
    from bpfcc.runtime.specs.model import ContextSpec

# Type `raw` is plain memory, as other machines for these programs have it.
ANY_ALIGNMENT: Final = "raw"

Why = Literal["", "no context", "outside", "no field", "not readable", "not writable", "width"]


class ContextAccess(NamedTuple):
    """What a platform says of an access to a context: `field` is what it is to, `why` is empty where it is allowed."""

    field: Field | None = None
    why: Why = ""

    @property
    def allowed(self) -> bool:
        """Whether programs may do that."""
        return not self.why


def access_to(
    spec: ContextSpec, offset: int, size: int, names: frozenset[str], *, write: bool = False, open_for_writing: bool = False
) -> ContextAccess:
    """An access inside of a context. `names`: fields that may be accessed; without fields, whether it may be written at all."""
    if not spec.fields:
        return ContextAccess(why=_open(spec, offset, size, writable=not write or open_for_writing))
    touched = [each for each in spec.fields if each.offset < offset + size and offset < each.offset + each.size]
    if spec.bytewise:
        return _bytewise(touched, offset, size, names, write=write)
    for each in touched:
        if each.name in names and each.allows(offset, size, write=write):
            return ContextAccess(each)
    return _refused(touched, names, write=write)


def _open(spec: ContextSpec, offset: int, size: int, *, writable: bool) -> Why:
    if offset < spec.readable_from:
        return "not readable"
    if not writable:
        return "not writable"
    return "width" if offset % size and spec.name != ANY_ALIGNMENT else ""


def _bytewise(touched: list[Field], offset: int, size: int, names: frozenset[str], *, write: bool) -> ContextAccess:
    """Any bytes of numbers, padding included; addresses as a whole, and never written."""
    addresses = [each for each in touched if each.kind not in NARROW_KINDS]
    if addresses:
        whole = len(touched) == 1 and (offset, size) == (addresses[0].offset, addresses[0].size)
        if write:
            return ContextAccess(addresses[0], "not writable")
        return ContextAccess(addresses[0], "" if whole else "width")
    if any(each.name not in names for each in touched):
        return _refused(touched, names, write=write)
    return ContextAccess(touched[0] if touched else None)


def _refused(touched: list[Field], names: frozenset[str], *, write: bool) -> ContextAccess:
    if not touched:
        return ContextAccess(why="no field")
    found = next((each for each in touched if each.name in names), None)
    if found is not None:
        return ContextAccess(found, "width")
    return ContextAccess(touched[0], "not writable" if write else "not readable")
