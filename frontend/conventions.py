"""What objects of a platform mean by their numbers and names: types of maps, records of old definitions, sections.

    LINUX.map_type(5), LINUX.match("xdp").type               "percpu_hash", "xdp"
    conventions_of("windows").map_type(5)                    "percpu_array"

The same object means other things to other platforms; nothing in it says which one it is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.frontend import sections
from bpfcc.frontend.map_table import LINUX_MAP_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.frontend.sections import SectionMatch
    from bpfcc.runtime.specs import Platform

ObjectKind = Literal["linux", "windows"]
# Flags, NUMA nodes and whatever else a definition has are passed over there.
WINDOWS_MEMBERS: Final = frozenset({"type", "key", "key_size", "value", "value_size", "max_entries", "pinning", "values"})


@final
@dataclass(frozen=True)
class Conventions:
    """How objects of `platform` are read. `kind`: whose records a section of old map definitions has, and which fields of newer ones count.

    `sections`: a platform with names of its own; what it has none for goes by libbpf's rules, if it reads Linux's objects.
    """

    platform: str = "linux"
    kind: ObjectKind = "linux"
    map_types: Mapping[int, str] = field(default_factory=lambda: dict(enumerate(LINUX_MAP_TYPES)))
    sections: Platform | None = None

    def map_type(self, number: int) -> str:
        """The type's name; one that nobody knows keeps its number, and whoever makes the map refuses it."""
        return self.map_types.get(number, f"type_{number}")

    def known(self, spec: MapSpec) -> bool:
        """Whether a map of that type can be made; where one cannot, nothing of the object is loaded there."""
        return self.kind == "linux" or spec.type in self.map_types.values()

    def pinning(self, number: int) -> Literal["none", "by_name"] | None:
        """What a way of pinning means. Libbpf knows 0 and 1.

        Other loaders for Linux have values of their own (Cilium 16), which are ways of pinning by name.
        """
        return "none" if not number else "by_name" if number == 1 or self.kind == "linux" else None

    def counts(self, member: str) -> bool:
        """Whether a member of a map's definition says something; one that nobody knows is a mistake only where that is for sure."""
        return self.kind == "linux" or member in WINDOWS_MEMBERS

    @property
    def protects_data(self) -> bool:
        """Whether `.rodata` stays as it is once it is loaded."""
        return self.kind == "linux"

    def match(self, section: str) -> SectionMatch:
        """What a section's name says of its programs."""
        found = self.sections.section(section) if self.sections is not None else None
        if found is not None:
            return sections.SectionMatch(section, sections.SectionRule(section, found.type, found.attach_type), None)
        return sections.match(section) if self.kind == "linux" else sections.SectionMatch(section, None, None)


LINUX: Final = Conventions()


def conventions_of(reference: str) -> Conventions:
    """Those of a platform: `linux`, `windows`, or a file with tables. InputError where there is no such platform."""
    if reference == "linux":
        return LINUX
    from bpfcc.runtime.specs import load_platform

    platform = load_platform(reference)
    if platform.objects == "linux":
        return Conventions(reference, sections=platform)
    names = {spec.number: name for name, spec in platform.map_types.items()}
    return Conventions(reference, "windows", names, platform)
