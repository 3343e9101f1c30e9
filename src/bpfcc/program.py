"""Objects and programs as the public API has them.

    obj = bpfcc.load("filter.o")
    prog = obj.programs["filter"]        prog.section, .name, .type, .instructions, .maps, .ir
    Program.from_bytes(bytes.fromhex("b700000000000000 9500000000000000"), type="raw")

Linking and lifting happen when they are asked for, once.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.module import Bytecode, MapSpec
from bpfcc.errors import InputError, InternalError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.insn import Insn
    from bpfcc.frontend import objects
    from bpfcc.frontend.btf import Btf, BtfExt
    from bpfcc.frontend.dwarf import DebugInfo
    from bpfcc.isolate.wire import ProgramDigest

SLOT_BYTES: Final = 8
LINUX: Final = "linux"
MAX_CODE_BYTES: Final = 8_000_000


class Rewriting(NamedTuple):
    """What another platform makes of a program: its IR there, and what it makes of the programs that this one can tail-call."""

    module: Module
    target: Callable[[str], Program]


@final
class Program:
    """One program: where it comes from, and its stages.

    `type` and `attach_type` are named as libbpf names them; `type` is None where neither the section nor the caller says it.
    """

    def __init__(
        self, name: str, section: str, type: str | None, link: Callable[[], Bytecode], *,  # noqa: A002 - the contract's name
        attach_type: str | None = None, attach_target: str | None = None, sleepable: bool = False, license: str | None = None,  # noqa: A002
        owner: Object | None = None, expected: ProgramDigest | None = None, platform: str = LINUX,
    ) -> None:  # fmt: skip
        self.name: Final = name
        self.section: Final = section
        self.type: Final = type
        self.attach_type: Final = attach_type
        self.attach_target: Final = attach_target
        self.sleepable: Final = sleepable
        self.license: Final = license
        # Whose helpers, maps and contexts its numbers mean: `linux`, `windows`, or a file with tables.
        self.platform: Final = platform
        self.object: Final = owner
        self._link = link
        self._expected = expected
        self._rewritten: Rewriting | None = None

    @classmethod
    def from_bytes(
        cls, code: bytes, *, type: str | None = None, maps: Sequence[MapSpec] = (), name: str = "main",  # noqa: A002 - likewise
        attach_type: str | None = None, license: str | None = "GPL", platform: str = LINUX,  # noqa: A002 - likewise
    ) -> Program:  # fmt: skip
        """A program without an object: instructions of 8 bytes, `lddw` with src 1 or 2 naming a map by its index in `maps`.

        InputError: the length is no multiple of 8, or a call leads out of the code.
        """
        if not code or len(code) % SLOT_BYTES or len(code) > MAX_CODE_BYTES:
            raise InputError(f"{len(code)} bytes are no program: instructions are of 8 bytes each, at most {MAX_CODE_BYTES // SLOT_BYTES}")
        from bpfcc.bpfir.cfg import discover_functions
        from bpfcc.bpfir.decode import decode

        bytecode = Bytecode(bytes(code), discover_functions(decode(code), name), tuple(maps))
        return cls(name, "", type, lambda: bytecode, attach_type=attach_type, license=license, platform=platform)

    @cached_property
    def bytecode(self) -> Bytecode:
        """Linked instructions with their side tables; InputError where the object is at fault."""
        found = self._link()
        if self._expected is not None:
            from bpfcc.isolate.reader import code_digest

            self._compare(code_digest(found), self._expected.code, "code")
        return found

    @cached_property
    def instructions(self) -> tuple[Insn | None, ...]:
        """Decoded instructions by slot; None is the second slot of an `lddw`."""
        from bpfcc.bpfir.decode import decode

        return tuple(decode(self.bytecode.code, file=self.file))

    @property
    def maps(self) -> tuple[MapSpec, ...]:
        """Maps that the program uses, in the order of their indices."""
        return self.bytecode.maps if self._rewritten is None else tuple(self._rewritten.module.maps)

    @cached_property
    def ir(self) -> Module:
        """The IR after every pass: what is run."""
        if self._rewritten is not None:
            return self._rewritten.module
        from bpfcc.pipeline import lift_bytecode

        module = lift_bytecode(self.bytecode, self.type, self.platform)
        if self._expected is not None and self._expected.ir is not None:
            self._compare(module_digest(module), self._expected.ir, "IR")
        return module

    @cached_property
    def ir_digest(self) -> str:
        """SHA-256 of the IR's text: what a verdict must carry to hold for this program."""
        if self._expected is not None and self._expected.ir is not None:
            # Reading `ir` compares it with what the child said.
            found, _ = self._expected.ir, self.ir
            return found
        return module_digest(self.ir)

    def typed(self, program_type: str | None) -> Program:
        """The program, of that type where its own is not known."""
        if self.type is not None or program_type is None:
            return self
        return self.placed(program_type, None)

    def placed(self, program_type: str, attach_type: str | None) -> Program:
        """The program as one of that type, attached so, to nothing in particular."""
        return Program(
            self.name, self.section, program_type, self._link, attach_type=attach_type, sleepable=self.sleepable, license=self.license,
            owner=self.object, platform=self.platform,
        )  # fmt: skip

    def rewritten(self, platform: str, program_type: str, attach_type: str | None, rewriting: Rewriting) -> Program:
        """The program on another platform, as one of that type there. Its instructions stay those that it was compiled to."""
        found = Program(
            self.name, self.section, program_type, self._link, attach_type=attach_type, license=self.license, owner=self.object,
            platform=platform,
        )  # fmt: skip
        found._rewritten = rewriting
        return found

    def target(self, name: str) -> Program:
        """A program of its object that it can tail-call: of its type, where nothing else is said, and rewritten as it is."""
        if self.object is None:
            raise InputError(f"program {self.name!r} has no object that could have a program {name!r}")
        if self._rewritten is not None:
            return self._rewritten.target(name)
        return self.object.program(name).typed(self.type)

    def attached(self, attach_type: str) -> Program:
        """The program, attached in that way."""
        return Program(
            self.name, self.section, self.type, self._link, attach_type=attach_type, attach_target=self.attach_target,
            sleepable=self.sleepable, license=self.license, owner=self.object, platform=self.platform,
        )  # fmt: skip

    @property
    def file(self) -> str | None:
        """The object's name."""
        return self.object.file if self.object is not None else None

    @property
    def btf(self) -> Btf | None:
        """The object's types."""
        return self.object.btf if self.object is not None else None

    def _compare(self, found: str, expected: str, what: str) -> None:
        if found != expected:
            raise InternalError(f"two readings of program {self.name!r} gave different {what}")

    def __repr__(self) -> str:
        return f"<Program {self.name} section={self.section!r} type={self.type!r}>"


def tail_callable(program: Program, jumps: Mapping[str, Mapping[int, str]] | None = None) -> Iterator[Program]:
    """The program, then every program that its program arrays name, theirs included. They are of its type where nothing else is said.

    `jumps`: names that are put into arrays, by array and index, besides those that the object has in them.
    """
    found = {program.name: program}
    queue = [program]
    for each in queue:
        yield each
        for spec in each.maps:
            if spec.type != "prog_array" or each.object is None:
                continue
            for name in (dict(spec.values) | dict((jumps or {}).get(spec.name, {}))).values():
                target = each.target(name)
                if target.name not in found:
                    found[target.name] = target
                    queue.append(target)


def with_targets(programs: Iterable[Program]) -> list[Program]:
    """The programs, and those that they can tail-call, each once."""
    found: dict[str, Program] = {}
    for program in programs:
        for each in tail_callable(program):
            found.setdefault(each.name, each)
    return list(found.values())


def known_type(program: Program) -> str:
    """The program's type; UnsupportedError, with what to do about it, where its section does not tell."""
    if program.type is None:
        hint = f"give it with --type {program.section or program.name}=TYPE, or types= in Python"
        message = f"section {program.section!r} does not tell the type of program {program.name!r}; {hint}"
        raise UnsupportedError("programs of unknown type", message, file=program.file)
    return program.type


def module_digest(module: Module) -> str:
    """SHA-256 of a module's text."""
    from hashlib import sha256

    from bpfcc.bpfir.printer import print_module

    return sha256(print_module(module).encode()).hexdigest()


@final
class Object:
    """A loaded object: `programs` by name, `maps` by name, `btf`, `license`."""

    def __init__(self, raw: objects.Object, digests: Mapping[str, ProgramDigest] | None = None, *, target_btf: Path | None = None) -> None:
        """`target_btf`: the file with the kernel's types that the caller named."""
        self._raw = raw
        self.target_btf: Final = target_btf
        # Whose object it was read as, which need not be whose rules it is judged by.
        self.platform: Final = raw.conventions.platform
        self._digests = dict(digests or {})
        self.file: Final = raw.file
        self.btf: Final = raw.btf
        self.programs: Final = {key: self._wrap(program, key) for key, program in raw.programs.items()}

    @property
    def maps(self) -> dict[str, MapSpec]:
        """Every map definition, global data by section name."""
        return self._raw.maps

    @property
    def data(self) -> bytes:
        """The object file."""
        return self._raw.data

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the object file."""
        from hashlib import sha256

        return sha256(self._raw.data).hexdigest()

    @property
    def license(self) -> str | None:
        """The text of the license section."""
        return self._raw.license

    @property
    def type_extensions(self) -> BtfExt | None:
        """Line, function and CO-RE tables beside the types."""
        return self._raw.btf_ext

    @property
    def debug_info(self) -> DebugInfo:
        """Where C variables are, by DWARF."""
        return self._raw.debug_info

    def program(self, name: str) -> Program:
        """By name, by `section:name`, or by the name of a section with one program; functions of `.text` too."""
        if name in self.programs:
            return self.programs[name]
        found = self._raw.program(name)
        known = next((self.programs[key] for key, program in self._raw.programs.items() if program is found), None)
        return known or self._wrap(found, name)

    def _wrap(self, raw: objects.Program, key: str) -> Program:
        return Program(
            raw.name, raw.section, raw.type, lambda: raw.bytecode, attach_type=raw.attach_type, attach_target=raw.attach_target,
            sleepable=raw.sleepable, license=self._raw.license, owner=self, expected=self._digests.get(key), platform=self.platform,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<Object {self.file or ''} programs={', '.join(self.programs)}>"
