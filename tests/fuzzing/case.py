"""What is run on every back end: programs with their maps, and inputs. Both can be written down.

case = Case("xdp", (Part("main", code),), maps)
case.program()                      as `bpfcc.prepare` takes it, with those that it can tail-call
Input(packet, {}, {"flows": {key: value}})
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast, final

from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.module import Bytecode
from bpfcc.program import Object, Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.module import MapSpec


class Part(NamedTuple):
    """One program of a case."""

    name: str
    code: bytes


@final
class Owner:
    """As much of an object as programs ask for that name others in their maps."""

    file = None
    btf = None
    target_btf = None
    license = "GPL"

    def __init__(self, case: Case) -> None:
        self.maps: dict[str, MapSpec] = {spec.name: spec for spec in case.maps}
        self.digest = sha256(repr(case).encode()).hexdigest()
        self.programs = {part.name: self._program(case, part) for part in case.programs}

    def _program(self, case: Case, part: Part) -> Program:
        bytecode = Bytecode(part.code, discover_functions(decode(part.code), part.name), case.maps)
        return Program(part.name, "", case.kind, lambda: bytecode, license="GPL", owner=cast("Object", self))

    def program(self, name: str) -> Program:
        return self.programs[name]


@final
@dataclass(frozen=True, slots=True)
class Case:
    """Programs of one type with the same maps. The first is run; program arrays name the others."""

    kind: str
    programs: tuple[Part, ...]
    maps: tuple[MapSpec, ...] = ()

    def program(self) -> Program:
        """The first, prepared for the library. InputError where the code is none."""
        return Owner(self).programs[self.programs[0].name]

    @property
    def insns(self) -> int:
        """Instructions of all programs."""
        return sum(insn is not None for part in self.programs for insn in decode(part.code))


@final
@dataclass(frozen=True, slots=True)
class Input:
    """One input: the packet, fields of the context by name, entries of maps (per CPU: the same on all)."""

    packet: bytes
    context: Mapping[str, int | tuple[int, ...]] = field(default_factory=dict)
    maps: Mapping[str, Mapping[bytes, bytes]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        maps = {name: {key.hex(): value.hex() for key, value in entries.items()} for name, entries in self.maps.items()}
        return {"packet": self.packet.hex(), "context": dict(self.context), "maps": maps}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Input:
        """The inverse."""
        context = {name: tuple(value) if isinstance(value, list) else value for name, value in record["context"].items()}
        maps = {
            name: {bytes.fromhex(key): bytes.fromhex(value) for key, value in entries.items()} for name, entries in record["maps"].items()
        }
        return cls(bytes.fromhex(record["packet"]), context, maps)
