"""Pairs of a safe program and its minimally unsafe twin, below tests/twins; the format is in tests/twins/README.md.

case = load_case(TWINS / "packet_bounds" / "01_constant_offset.c")
case.code                     "V011"
case.program(UNSAFE).ir       the optimised IR of the unsafe twin
case.request(UNSAFE)          what the verifier is asked with
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, final

from bpfcc.bpfir.module import MapSpec

if TYPE_CHECKING:
    from bpfcc.program import Object, Program
    from bpfcc.verifier.options import KernelTypes, Request

Variant = Literal["safe", "unsafe"]
SAFE: Final[Variant] = "safe"
UNSAFE: Final[Variant] = "unsafe"
VARIANTS: Final[tuple[Variant, ...]] = (SAFE, UNSAFE)

TWINS: Final = Path(__file__).parent / "twins"
PAIRS_OF_A_PROPERTY: Final = 10
KEYS: Final = frozenset({
    "type", "code", "level", "access", "kernel", "why", "mcpu", "opt", "attach_type", "license", "map", "program", "sleepable",
})  # fmt: skip
# both: Linux takes the safe one and refuses the other. accepts-unsafe: it takes both. rejects-safe: it refuses both.
# safe: only the safe one is compared. none: nothing is. All but `both` say why.
KERNEL: Final = frozenset({"both", "accepts-unsafe", "rejects-safe", "safe", "none"})
_SEPARATOR: Final = re.compile(r"^; (safe|unsafe)$", re.MULTILINE)
_ROW: Final = re.compile(r"^([a-z_]+):\s*(.*)$")


class TwinError(ValueError):
    """A file that is not as README.md has it."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """One file: two programs, and what is said of them."""

    path: Path
    header: Mapping[str, str]
    maps: tuple[MapSpec, ...] = ()

    @property
    def name(self) -> str:
        """`packet_bounds/01_constant_offset`."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def is_c(self) -> bool:
        """C, else assembly."""
        return self.path.suffix == ".c"

    @property
    def code(self) -> str:
        """The code that the unsafe twin must get."""
        return self.header["code"]

    @property
    def level(self) -> str:
        """The level of that finding: an error rejects, a warning does not."""
        return self.header.get("level", "error")

    @property
    def kernel(self) -> str:
        """How Linux decides, one of `KERNEL`."""
        return self.header["kernel"]

    @property
    def is_access(self) -> bool:
        """Whether the fault is an access at which the checked interpreter can trap."""
        return self.header.get("access") == "yes"

    @property
    def license(self) -> str:
        """The license of a program in assembly."""
        return self.header.get("license", "GPL")

    def object_bytes(self, variant: Variant) -> bytes:
        """The object of a C twin."""
        return compile_twin(self, variant)

    def object(self, variant: Variant) -> Object:
        """The loaded object of a C twin."""
        return load_object(self, variant)

    def program(self, variant: Variant) -> Program:
        """The program, with its IR."""
        return make_program(self, variant)

    def request(self, variant: Variant) -> Request:
        """What the verifier is asked with: the rules of Linux."""
        return make_request(self, variant)


def header_of(text: str, comment: str) -> list[tuple[str, str]]:
    """The rows at the top of a file, whose lines begin with `comment`."""
    rows: list[tuple[str, str]] = []
    for line in text.splitlines():
        row = _ROW.match(line.removeprefix(comment).strip()) if line.startswith(comment) else None
        if row is None:
            break
        rows.append((row[1], row[2].strip()))
    return rows


def map_of(row: str) -> MapSpec:
    """`name type key value entries [flags]`."""
    words = row.split()
    if len(words) not in (5, 6):
        raise TwinError(f"a map is `name type key_size value_size max_entries [flags]`, not {row!r}")
    key_size, value_size, max_entries, flags = (int(word, 0) for word in (*words[2:], "0")[:4])
    return MapSpec(words[0], words[1], key_size, value_size, max_entries, flags)


def load_case(path: Path) -> Twin:
    """Read a file's header. TwinError where it is not as it should be."""
    text = path.read_text(encoding="utf-8")
    rows = header_of(text, "//" if path.suffix == ".c" else ";")
    header = {key: value for key, value in rows if key != "map"}
    maps = tuple(map_of(value) for key, value in rows if key == "map")
    _check(path, header, text, [key for key, _ in rows])
    return Twin(path, header, maps)


def _check(path: Path, header: Mapping[str, str], text: str, keys: list[str]) -> None:
    from bpfcc.verifier.codes import CODES

    single = [key for key in keys if key != "map"]
    where = f"{path.parent.name}/{path.name}"
    problems = {
        "unknown keys": sorted(set(keys) - KEYS),
        "keys given twice": sorted({key for key in single if single.count(key) > 1}),
        "missing keys": sorted({"type", "code", "kernel"} - header.keys()),
    }
    for what, found in problems.items():
        if found:
            raise TwinError(f"{where}: {what}: {', '.join(found)}")
    if header["code"] not in CODES:
        raise TwinError(f"{where}: no code {header['code']!r}")
    if header["kernel"] not in KERNEL:
        raise TwinError(f"{where}: kernel is one of {', '.join(sorted(KERNEL))}, not {header['kernel']!r}")
    if (header["kernel"] == "both") == ("why" in header):
        raise TwinError(f"{where}: `why:` goes with every `kernel:` but `both`")
    if header.get("level", "error") not in ("error", "warning") or header.get("access", "yes") != "yes":
        raise TwinError(f"{where}: level is error or warning, access is yes or left out")
    if path.suffix == ".c" and "UNSAFE" not in text:
        raise TwinError(f"{where}: nothing depends on UNSAFE")
    if path.suffix == ".s" and _SEPARATOR.findall(text) != ["safe", "unsafe"]:
        raise TwinError(f"{where}: one line `; safe`, then one `; unsafe`, before the two programs")


def assembly_of(case: Twin, variant: Variant) -> str:
    """The program's part of an assembly file; lines keep their numbers."""
    text = case.path.read_text(encoding="utf-8")
    safe, unsafe = _SEPARATOR.finditer(text)
    start, end = (safe.end(), unsafe.start()) if variant == SAFE else (unsafe.end(), len(text))
    return "\n" * text.count("\n", 0, start) + text[start:end]


@functools.cache
def compile_twin(case: Twin, variant: Variant) -> bytes:
    """The object; compiled once."""
    from bpfcc.frontend.clang import compile_c

    options: dict[str, Any] = {key: case.header[key] for key in ("mcpu", "opt") if key in case.header}
    defines = ["UNSAFE"] if variant == UNSAFE else []
    result = compile_c(case.path, defines=defines, **options)
    if result.diagnostics:
        raise TwinError(f"{case.name} ({variant}): {result.diagnostics[0]}")
    return result.object


@functools.cache
def load_object(case: Twin, variant: Variant) -> Object:
    """The object of a C twin; the `type:` of the header is what its section means, or replaces it."""
    from bpfcc.pipeline import Source, open_object

    source = Source(f"{case.path.name}:{variant}", case.object_bytes(variant), compiled=True)
    return open_object(source, isolated=False)


@functools.cache
def make_program(case: Twin, variant: Variant) -> Program:
    """The one program of the object, or the one that the header names; or the assembled one."""
    from bpfcc.bpfir.assembler import assemble
    from bpfcc.bpfir.syntax import Names
    from bpfcc.program import Program
    from bpfcc.runtime.specs import load_platform

    if case.is_c:
        programs = case.object(variant).programs
        name = case.header.get("program")
        if name is None and len(programs) != 1:
            raise TwinError(f"{case.name}: `program:` has to pick one of {', '.join(programs)}")
        program = programs[name or next(iter(programs))]
        if program.type != case.header["type"]:
            raise TwinError(f"{case.name}: its section is of type {program.type}, the header says {case.header['type']}")
        return program
    helpers = {number: helper.name for number, helper in load_platform("linux").helpers_by_id.items()}
    names = Names(helpers=helpers, maps=[spec.name for spec in case.maps])
    code = assemble(assembly_of(case, variant), file=case.path.name, names=names)
    return Program.from_bytes(code, type=case.header["type"], maps=case.maps)


def make_request(case: Twin, variant: Variant) -> Request:
    """The verifier's request for a twin."""
    from bpfcc.judgement import Rules, request_for

    program = case.program(variant)
    request = request_for(program, Rules("linux"), running_kernel())
    return replace(
        request,
        attach_type=case.header.get("attach_type", program.attach_type),
        sleepable=program.sleepable or case.header.get("sleepable") == "yes",
        license=request.license if case.is_c else case.license,
    )


@functools.cache
def running_kernel() -> KernelTypes | None:
    """Types of the kernel that this is: what programs with kernel pointers are judged by."""
    from bpfcc.frontend.btf import Btf
    from bpfcc.types import kernel_types

    btf = Btf.kernel()
    return kernel_types(btf) if btf is not None else None


@functools.cache
def paths() -> tuple[Path, ...]:
    """Every file, sorted."""
    return tuple(sorted(path for path in TWINS.glob("*/*") if path.suffix in (".c", ".s")))


@functools.cache
def cases() -> tuple[Twin, ...]:
    """Every pair."""
    return tuple(load_case(path) for path in paths())
