"""A BPF object: its programs, maps, types; each program linked when its bytecode is asked for.

    obj = load("filter.o", types={"my_section": "xdp"})
    obj.programs["filter"].type               -> "xdp"
    obj.programs["filter"].bytecode           -> Bytecode(code=…, functions=(FunctionSpan("filter", 0, 31, …),), …)
    obj.maps[".rodata"].initial               -> b"…"

Programs are the global functions of executable sections. Those of `.text` are subprograms, unless the object has no
other code or the caller names them. The key of `programs` is the function's name; where functions of several sections
share a name, all of them are under `section:name` instead.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from bpfcc.errors import InputError
from bpfcc.frontend.btf.ext import BtfExt
from bpfcc.frontend.btf.model import Btf
from bpfcc.frontend.conventions import LINUX
from bpfcc.frontend.elf import EM_BPF, EM_NONE, STT_FUNC, STT_NOTYPE, ElfFile
from bpfcc.frontend.externs import read_externs
from bpfcc.frontend.link import Linker
from bpfcc.frontend.maps import complete_data_sections, read_maps
from bpfcc.frontend.reloc import CodeFunction, CodeSection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.module import Bytecode, Endian, Extern, MapSpec
    from bpfcc.frontend.conventions import Conventions
    from bpfcc.frontend.dwarf import DebugInfo
    from bpfcc.frontend.elf import Section, Symbol
    from bpfcc.frontend.externs import Kconfig
    from bpfcc.frontend.sections import SectionMatch

TEXT: Final = ".text"
MAX_FILE_BYTES: Final = 1 << 28


@final
class Program:
    """One program of an object. `section` is as in the object, without a leading `?`."""

    def __init__(self, owner: Object, function: CodeFunction, section: Section, type_given: str | None) -> None:
        told: SectionMatch = owner.conventions.match(section.name)
        self.object: Final = owner
        self.name: Final = function.name
        self.section: Final = section.name.removeprefix("?")
        self.type: Final = type_given or told.type
        self.attach_type: Final = told.attach_type if self.type == told.type else None
        self.attach_target: Final = told.target
        self.sleepable: Final = told.sleepable and self.type == told.type
        self.autoload: Final = told.autoload
        self.function: Final = function

    @cached_property
    def bytecode(self) -> Bytecode:
        """The linked instructions; relocation and linking happen at the first access."""
        return self.object.linker.link(self.function)

    def __repr__(self) -> str:
        return f"<Program {self.section}:{self.name} type={self.type}>"


@final
class Object:
    """A loaded object. Use `load`."""

    def __init__(
        self, elf: ElfFile, *, types: Mapping[str, str], target_btf: Btf | str | Path | None, kconfig: Kconfig | None,
        conventions: Conventions = LINUX,
    ) -> None:  # fmt: skip
        self.conventions: Final = conventions
        self.file: Final = elf.file
        self.endian: Final[Endian] = elf.endian
        self._elf = elf
        self._target_btf = target_btf
        self._types = types
        self.btf: Final = _read_btf(elf)
        if self.btf is not None:
            complete_data_sections(elf, self.btf)
        self._externs = read_externs(elf, self.btf, kconfig)
        self._maps = read_maps(elf, self.btf, conventions)
        if self._externs.kconfig is not None:
            self._maps.add(self._externs.kconfig, -1, 0, elf)
        self._code = self._read_code()
        self.programs: Final[dict[str, Program]] = self._make_programs()

    @cached_property
    def debug_info(self) -> DebugInfo:
        """DWARF: variables and inlined calls. Its sections are read when they are asked for."""
        from bpfcc.frontend.dwarf import DebugInfo

        return DebugInfo(self._elf)

    @cached_property
    def maps(self) -> dict[str, MapSpec]:
        """All maps by name, global data by section name. Inner templates are in `MapSpec.inner`."""
        return {place.spec.name: place.spec for place in self._maps.places}

    @property
    def data(self) -> bytes:
        """The object file."""
        return bytes(self._elf.data)

    @property
    def externs(self) -> tuple[Extern, ...]:
        """What the object leaves to the kernel, whether used or not."""
        return tuple(self._externs.externs)

    @cached_property
    def license(self) -> str | None:
        """The text of the `license` section."""
        section = self._elf.section("license")
        if section is None:
            return None
        return self._elf.contents(section).split(b"\0", 1)[0].decode("utf-8", "backslashreplace")

    @cached_property
    def version(self) -> int | None:
        """The kernel version of the `version` section, which old tracing programs carry."""
        section = self._elf.section("version")
        if section is None:
            return None
        if section.size < 4:
            raise self._elf.error("a version of less than four bytes", section=section, offset=0)
        return int.from_bytes(self._elf.contents(section)[:4], self.endian)

    @cached_property
    def btf_ext(self) -> BtfExt | None:
        """Line, function and CO-RE tables."""
        section = self._elf.section(".BTF.ext")
        if section is None or self.btf is None:
            return None
        return BtfExt.from_bytes(self._elf.contents(section), self.btf, file=self.file)

    @cached_property
    def target_btf(self) -> Btf | None:
        """What CO-RE relocations are applied against: the one given, else the running kernel's, else the object's own."""
        given = self._target_btf
        if isinstance(given, Btf):
            return given
        if given is not None:
            return Btf.from_file(given)
        return Btf.kernel() or self.btf

    @cached_property
    def linker(self) -> Linker:
        """Links this object's programs."""
        ext = self.btf_ext
        core = None
        if ext is not None and ext.core_relocations and self.btf is not None:
            from bpfcc.frontend.core_reloc import CoreRelocator

            core = CoreRelocator(self.btf, ext, lambda: self.target_btf, file=self.file)
        return Linker(self._elf, self._code, self._maps, self._externs.externs, btf=self.btf, ext=ext, core=core)

    def program(self, name: str, section: str | None = None) -> Program:
        """Find a program by its name, by `section:name`, or by the name of a section that has one program.

        Functions of `.text` are found too: naming one makes it a program.
        """
        wanted = [p for p in self._everything() if name in (p.name, f"{p.section}:{p.name}") and section in (None, p.section)]
        if not wanted:
            wanted = [p for p in self.programs.values() if p.section == name and section in (None, name)]
        if len(wanted) == 1:
            return wanted[0]
        where = f" in section {section!r}" if section is not None else ""
        if wanted:
            choice = ", ".join(f"{p.section}:{p.name}" for p in wanted)
            raise InputError(f"{name!r}{where} is ambiguous: {choice}", file=self.file)
        known = ", ".join(sorted(self.programs)) or "none"
        raise InputError(f"no program {name!r}{where}; there are: {known}", file=self.file)

    def _everything(self) -> list[Program]:
        listed = list(self.programs.values())
        functions = {id(p.function) for p in listed}
        hidden = [f for code in self._code.values() if code.section.name == TEXT for f in code.functions if id(f) not in functions]
        return listed + [self._program(f) for f in hidden]

    def _read_code(self) -> dict[int, CodeSection]:
        executable = {s.index: s for s in self._elf.sections if s.executable and s.size}
        symbols: dict[int, list[Symbol]] = {index: [] for index in executable}
        for symbol in self._elf.symbols:
            if symbol.section in symbols and symbol.type in (STT_NOTYPE, STT_FUNC):
                symbols[symbol.section].append(symbol)
        return {index: CodeSection(self._elf, section, symbols[index], self._maps, self._externs) for index, section in executable.items()}

    def _program(self, function: CodeFunction) -> Program:
        section = self._code[function.section]
        names = [section.section.name.removeprefix("?")]
        keys = [f"{n}:{function.name}" for n in names]
        if len(section.programs) == 1:
            # Where the section has one program, its own name does for the function's.
            keys += [f"{n}:{n}" for n in names]
        given = next((self._types[key] for key in [*keys, *names, ""] if key in self._types), None)
        return Program(self, function, section.section, given)

    def _make_programs(self) -> dict[str, Program]:
        others = any(code.section.name != TEXT for code in self._code.values())
        chosen: list[Program] = []
        for code in self._code.values():
            if code.section.name != TEXT or not others or TEXT in self._types:
                functions = code.programs
            else:
                functions = [f for f in code.functions if f"{TEXT}:{f.name}" in self._types]
            chosen += [self._program(f) for f in functions]
        names = Counter(p.name for p in chosen)
        programs: dict[str, Program] = {}
        for program in chosen:
            key = program.name if names[program.name] == 1 else f"{program.section}:{program.name}"
            if key in programs:
                raise InputError(f"two programs {key!r}", file=self.file, section=program.section)
            programs[key] = program
        return programs


def load(
    source: str | Path | bytes, *, types: Mapping[str, str] | None = None, target_btf: Btf | str | Path | None = None,
    kconfig: Kconfig | None = None, file: str | None = None, conventions: Conventions = LINUX,
) -> Object:  # fmt: skip
    """Load a BPF object from a file or from its bytes.

    `types`: "SECTION", "SECTION:FUNCTION" or "" (all) -> program type, for names that tell nothing or lie.
    `target_btf`: a `Btf`, or a file with one (raw, or in an ELF file), that CO-RE relocations are applied against.
    `kconfig`: values of `__kconfig` variables. `file` names the bytes in messages.
    `conventions`: whose object it is.
    """
    if isinstance(source, bytes):
        data = source
    else:
        file = file or str(source)
        data = _read_file(Path(source))
    elf = ElfFile(data, file=file)
    if elf.machine not in (EM_BPF, EM_NONE):
        raise InputError("an ELF file, but not for BPF", file=file, offset=18)
    return Object(elf, types=types or {}, target_btf=target_btf, kconfig=kconfig, conventions=conventions)


def _read_file(path: Path) -> bytes:
    try:
        # Devices and pipes have no size: what comes is counted.
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror or problem}", file=str(path)) from None
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"more than {MAX_FILE_BYTES} bytes are too many for a BPF object", file=str(path))
    return data


def _read_btf(elf: ElfFile) -> Btf | None:
    section = elf.section(".BTF")
    return Btf.from_bytes(elf.contents(section), file=elf.file) if section is not None and section.size else None
