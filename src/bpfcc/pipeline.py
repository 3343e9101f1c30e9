"""From a C file or an object to programs that can be looked at or run: the stages, wired together.

source = read_source(Path("filter.bpf.c"))      Source(name="filter.bpf.c", data=b"\\x7fELF…", compiled=True, …)
obj = open_object(source, isolated=True)        Object with programs
lift_bytecode(obj.programs["filter"].bytecode, "xdp")
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final, overload

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import Bytecode
    from bpfcc.diagnostics import Diagnostic
    from bpfcc.program import Object, Program

PLATFORM: Final = "linux"
MAX_OBJECT_BYTES: Final = 256 << 20
C_SUFFIXES: Final = (".c", ".h", ".i")
IMAGE_SUFFIXES: Final = (".sys", ".dll")


@final
@dataclass(frozen=True, slots=True)
class Source:
    """An object to read: from a file, or just compiled. `diagnostics` are the compiler's warnings."""

    name: str
    data: bytes
    compiled: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()


def read_source(path: Path, *, clang: str | None = None, **options: Any) -> Source:
    """Read an object, or compile a C file (`options` as `frontend.clang.compile_c` has them).

    What a file is shows in its content (ELF) or its suffix (`.c`). CompileError with clang's diagnostics, InputError.
    """
    data = read_bytes(path, MAX_OBJECT_BYTES, magic=b"\x7fELF")
    if data is not None:
        return Source(str(path), data)
    if path.suffix.lower() not in C_SUFFIXES:
        if path.suffix.lower() in IMAGE_SUFFIXES:
            raise InputError("an image of Windows, no BPF object (ELF): `bpfcc image check` reads those", file=str(path))
        raise InputError("neither a BPF object (ELF) nor C source (.c)", file=str(path))
    from bpfcc.frontend.clang import compile_c
    from bpfcc.frontend.toolchain import find_toolchain

    result = compile_c(path, toolchain=find_toolchain(clang), **options)
    return Source(str(path), result.object, compiled=True, diagnostics=result.diagnostics)


@overload
def read_bytes(path: Path, limit: int) -> bytes: ...


@overload
def read_bytes(path: Path, limit: int, *, magic: bytes) -> bytes | None: ...


def read_bytes(path: Path, limit: int, *, magic: bytes = b"") -> bytes | None:
    """A whole file; None where it does not begin with `magic`. InputError where it has more than `limit` bytes.

    The file is opened once and read from front to back: it may be a pipe.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(len(magic))
            if start != magic:
                return None
            data = start + stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"cannot be read: {reason}", file=str(path)) from error
    if len(data) > limit:
        raise InputError(f"more than {limit >> 20} MiB", file=str(path))
    return data


def open_object(
    source: Source, *, isolated: bool, types: Mapping[str, str] | None = None, target_btf: Path | None = None,
    lift: bool = True, programs: tuple[str, ...] | None = None, meanwhile: Callable[[], None] | None = None, platform: str = PLATFORM,
) -> Object:  # fmt: skip
    """Load `source`; with `isolated` a confined child reads it first (and lifts `programs`, all where None).

    `types`: "SECTION", "SECTION:FUNCTION" or "" -> program type. `target_btf`: a file with the types that CO-RE
    relocations are applied against, else the running kernel's. `meanwhile`: what can be done while the child works.
    `platform`: whose object it is.
    """
    from bpfcc.frontend.conventions import conventions_of
    from bpfcc.frontend.objects import load
    from bpfcc.program import Object

    conventions = conventions_of(platform)
    digests = {}
    if isolated:
        from bpfcc.isolate import ReadRequest, check_object

        target = read_bytes(target_btf, MAX_OBJECT_BYTES) if target_btf is not None else None
        request = ReadRequest(source.data, source.name, types, target, lift=lift, programs=programs, platform=platform)
        digests = {found.key: found for found in check_object(request, meanwhile=meanwhile).programs}
    raw = load(source.data, types=types, target_btf=target_btf, file=source.name, conventions=conventions)
    return Object(raw, digests, target_btf=target_btf)


def effects(platform: str = PLATFORM, program_type: str | None = None) -> EffectsOf:
    """What helpers do to memory, from the platform's tables."""
    from bpfcc.runtime.specs import load_platform

    return load_platform(platform).effects_for(program_type)


def lift_bytecode(code: Bytecode, program_type: str | None, platform: str = PLATFORM, *, bindings: bool = False) -> Module:
    """The optimised IR of a program: what is judged, what is run, and what is shown. `bindings`: what registers held is kept too."""
    from bpfcc.bpfir.check import check
    from bpfcc.bpfir.lift import lift
    from bpfcc.bpfir.passes import optimise

    known = effects(platform, program_type)
    module = lift(code, type=program_type, effects=known, entry_params=2 if program_type == "raw" else 1, bindings=bindings)
    optimise(module, known)
    check(module, after="optimise")
    return module


# What the frontend and the IR import only when they need it; a confined child cannot import any more.
LATE_IMPORTS: Final = (
    "bpfcc.frontend.objects", "bpfcc.frontend.core_reloc", "bpfcc.frontend.btf.names", "bpfcc.frontend.btf.store",
    "bpfcc.frontend.elf", "elftools.construct.core", "elftools.elf.structs",
)  # fmt: skip
LATE_IMPORTS_OF_LIFTING: Final = (
    "bpfcc.bpfir.lift", "bpfcc.bpfir.passes", "bpfcc.bpfir.check", "bpfcc.bpfir.ops", "bpfcc.bpfir.printer",
    # Source lines of objects that have no BTF.
    "bpfcc.frontend.dwarf",
)  # fmt: skip


def warm_up(*, lift: bool) -> None:
    """Import and open everything that reading (and lifting) needs, for a child that cannot."""
    for name in LATE_IMPORTS + (LATE_IMPORTS_OF_LIFTING if lift else ()):
        import_module(name)
    from bpfcc.frontend import sections

    sections.match("xdp")
    if lift:
        effects()


def helper_names(program: Program) -> dict[int, str]:
    """Names of the helpers that a program calls, without their prefix, from its platform's tables."""
    from bpfcc.runtime.specs import load_platform

    platform, code, call = load_platform(program.platform), program.bytecode.code, 0x85
    called = {int.from_bytes(code[at + 4 : at + 8], "little") for at in range(0, len(code), 8) if code[at] == call and code[at + 1] == 0}
    names = {number: platform.helper_name(number, program.type) for number in called}
    return {number: name.removeprefix(platform.helper_prefix) for number, name in names.items() if name is not None}
