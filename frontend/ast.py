"""Questions about C source that only its syntax tree answers, put to libclang.

    tree = SourceTree.parse(Path("drop.bpf.c"))
    tree.function_at("drop.bpf.c", 14)   -> Function("parse", 10, 19, parameters=(Name("ctx", "struct xdp_md *", 10),), locals=(…))
    tree.field_at("drop.bpf.c", 5)       -> Field("flow", "saddr", "__u32", 5)

libclang answers questions only; what is wrong with the source is said by the compiling clang. Its wheel has no
builtin headers, so those of the bundled compiler are used. Where the wheel is missing, UnsupportedError says so.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.frontend.clang import CompileOptions, architecture_define, check_options, header_flags
from bpfcc.frontend.toolchain import bundled_toolchain, find_toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALL: Final = "python -m pip install libclang"
FEATURE: Final = "libclang"
# What loading a library that is missing or of another machine or version raises.
LOAD_FAILURES: Final = (ImportError, OSError, AttributeError)
DETAILED_PREPROCESSING: Final = 0x01


@final
@dataclass(frozen=True, slots=True)
class Name:
    """A parameter or variable: its name, its type as written, and the line that declares it."""

    name: str
    type_name: str
    line: int


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function definition and the names in it; lines are inclusive."""

    name: str
    first_line: int
    last_line: int
    parameters: tuple[Name, ...]
    locals: tuple[Name, ...]


@final
@dataclass(frozen=True, slots=True)
class Field:
    """A member of a struct or union; `owner` is empty for an anonymous one."""

    owner: str
    name: str
    type_name: str
    line: int


def open_index() -> Any:
    """libclang's index; UnsupportedError where libclang cannot be loaded."""
    try:
        cindex = importlib.import_module("clang.cindex")
    except LOAD_FAILURES as error:
        raise UnsupportedError(FEATURE, f"questions about C source need libclang: `{INSTALL}`") from error
    try:
        return cindex.Index.create()
    except (*LOAD_FAILURES, cindex.LibclangError) as error:
        raise UnsupportedError(FEATURE, f"libclang does not load ({error}): `{INSTALL}`") from error


def arguments(options: CompileOptions) -> list[str]:
    """The flags that make libclang see what the compiler sees."""
    toolchain = bundled_toolchain() or find_toolchain()
    flags = ["-x", "c", f"--target={'bpfel' if options.endian == 'little' else 'bpfeb'}", *architecture_define(options)]
    flags += [f"-D{define}" for define in options.defines]
    flags += [f"-I{directory}" for directory in options.include_dirs]
    return [*flags, *header_flags(toolchain, options), *options.extra]


@final
class SourceTree:
    """The syntax tree of one translation unit."""

    def __init__(self, unit: Any) -> None:
        self._unit = unit

    @classmethod
    def parse(cls, source: Path, options: CompileOptions | None = None) -> SourceTree:
        """Parse `source` as the compiler would. Errors in it leave holes in the tree; they are reported by `compile_c`."""
        options = options or CompileOptions()
        check_options(source, options)
        index = open_index()
        cindex = importlib.import_module("clang.cindex")
        try:
            return cls(index.parse(str(source), args=arguments(options)))
        except cindex.TranslationUnitLoadError as error:
            raise InputError("libclang cannot parse it", file=str(source)) from error

    def function_at(self, file: str | Path, line: int) -> Function | None:
        """The function whose definition covers a line."""
        for cursor in self._top_level(file):
            if cursor.kind.name == "FUNCTION_DECL" and cursor.is_definition() and _covers(cursor, line):
                return self._function(cursor)
        return None

    def functions(self, file: str | Path) -> list[Function]:
        """Every function defined in a file."""
        return [self._function(c) for c in self._top_level(file) if c.kind.name == "FUNCTION_DECL" and c.is_definition()]

    def field_at(self, file: str | Path, line: int) -> Field | None:
        """The struct or union member declared on a line; the innermost of nested ones."""
        found: Field | None = None
        for cursor in self._top_level(file):
            if cursor.kind.name in {"STRUCT_DECL", "UNION_DECL"} and _covers(cursor, line):
                for inner in cursor.walk_preorder():
                    if inner.kind.name == "FIELD_DECL" and _covers(inner, line):
                        owner = inner.semantic_parent
                        name = "" if owner.is_anonymous() else owner.spelling
                        found = Field(name, inner.spelling, inner.type.spelling, inner.location.line)
        return found

    def variable_at(self, file: str | Path, line: int, name: str) -> Name | None:
        """The parameter or variable `name` that a line of a function can mean: of several the one declared last before it."""
        function = self.function_at(file, line)
        if function is None:
            return None
        known = [n for n in (*function.parameters, *function.locals) if n.name == name]
        before = [n for n in known if n.line <= line]
        return before[-1] if before else (known[0] if known else None)

    def _top_level(self, file: str | Path) -> Iterator[Any]:
        wanted = Path(file).resolve()
        known: dict[str, bool] = {}
        for cursor in self._unit.cursor.get_children():
            name = cursor.location.file.name if cursor.location.file is not None else ""
            if name not in known:
                known[name] = bool(name) and Path(name).resolve() == wanted
            if known[name]:
                yield cursor

    @staticmethod
    def _function(cursor: Any) -> Function:
        parameters = tuple(Name(p.spelling, p.type.spelling, p.location.line) for p in cursor.get_arguments())
        variables = [c for c in cursor.walk_preorder() if c.kind.name == "VAR_DECL"]
        names = tuple(Name(v.spelling, v.type.spelling, v.location.line) for v in variables)
        return Function(cursor.spelling, cursor.extent.start.line, cursor.extent.end.line, parameters, names)


def _covers(cursor: Any, line: int) -> bool:
    return bool(cursor.extent.start.line <= line <= cursor.extent.end.line)
