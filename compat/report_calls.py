"""Which libbpf calls of an application eBPF for Windows has.

    report = report_calls(Path("loader.c"))
    report.calls            Entry("call", "bpf_map_freeze", "absent", reason="maps cannot be frozen", places=(…))

The syntax tree tells calls from other words. Headers that are not there leave holes in it: where a source has such errors, names
followed by a parenthesis count as well, as the lexer (not a search in the text) sees them. Functions of skeletons are told by their names
(`NAME__open_and_load`) where a `*.skel.h` declares them, or nothing that is there.
"""

from __future__ import annotations

import importlib
import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bpfcc.compat.report import Report
from bpfcc.compat.rewrite.entries import MAX_PLACES, Entry, Kind, Place
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError
from bpfcc.frontend.ast import open_index
from bpfcc.frontend.toolchain import bundled_toolchain
from bpfcc.runtime.specs.tables import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA: Final = "bpfcc.libbpf/1"
TABLE: Final = FOLDER / "libbpf_windows.json"
MAX_SOURCE_BYTES: Final = 16 << 20
# CXTranslationUnit_KeepGoing: a missing header is no reason to stop; DetailedPreprocessingRecord: with macros.
KEEP_GOING: Final = 0x200
WITH_MACROS: Final = 0x01
SKELETON: Final = re.compile(r"\.(?:sub|l)?skel\.h$")
HEADERS: Final = re.compile(
    rb'^[ \t]*#[ \t]*include[ \t]*[<"](?:bpf/(?:libbpf|bpf|btf)\.h|xdp/(?:libxdp|xsk)\.h|[\w./-]+\.(?:sub|l)?skel\.h)[>"]', re.MULTILINE
)
PROGRAM_HEADERS: Final = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"](?:[\w./-]*/)?bpf_helpers\.h[>"]', re.MULTILINE)


class Call(NamedTuple):
    """A call in the source, and the function that makes it."""

    name: str
    function: str
    line: int
    column: int


def is_application(path: Path) -> bool:
    """Whether a C file is an application's: it includes libbpf's headers and not those of programs."""
    if path.suffix.lower() != ".c":
        return False
    text = read_source(path)
    return bool(HEADERS.search(text)) and not PROGRAM_HEADERS.search(text)


def read_source(path: Path) -> bytes:
    """The file; InputError where it cannot be read or is too large."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_SOURCE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path)) from error
    if len(text) > MAX_SOURCE_BYTES:
        raise InputError(f"more than {MAX_SOURCE_BYTES >> 20} MiB", file=str(path))
    return text


def report_calls(path: Path, *, include_dirs: Sequence[str] = (), defines: Sequence[str] = ()) -> Report:
    """The report on an application's source. UnsupportedError where there is no libclang."""
    found: dict[str, list[Call]] = {}
    for call in calls_in(path, include_dirs, defines):
        found.setdefault(call.name, []).append(call)
    return Report(str(path), calls=tuple(entry_of(name, calls, str(path)) for name, calls in sorted(found.items())))


def entry_of(name: str, calls: Sequence[Call], file: str) -> Entry:
    """What becomes of a function, and who calls it."""
    kind, windows, reason, depends = judge_name(name)
    places = tuple(Place(call.function, -1, SourcePosition(file, call.line, call.column)) for call in calls[:MAX_PLACES])
    return Entry("call", name, kind, windows, reason, depends, places, len(calls))


def judge_name(name: str) -> tuple[Kind, str | None, str, bool | None]:
    """Kind, Windows name, reason, and whether it matters."""
    data = table()
    if name in data["macros"]:
        kind, _, reason, depends = judge_name(data["macros"][name])
        return kind, name, reason or f"a macro over {data['macros'][name]}", depends
    if name in data["differs"]:
        row = data["differs"][name]
        return "differs", name, row["reason"], row["depends"]
    if name in data["same"]:
        return "same", name, "", None
    if name in data["absent"]:
        return "absent", None, data["absent"][name], None
    if is_skeleton(name):
        return "absent", None, data["skeletons"][name.rpartition("__")[2]], None
    prefixes = sorted((prefix for prefix in data["absent_prefixes"] if name.startswith(prefix)), key=len)
    return "absent", None, data["absent_prefixes"][prefixes[-1]] if prefixes else data["otherwise"], None


@cache
def table() -> dict[str, Any]:
    """The shipped table of what ebpfapi exports."""
    found: dict[str, Any] = json.loads(TABLE.read_bytes())
    return found


def of_libbpf(name: str) -> bool:
    """Whether a function is of libbpf (or libxdp), by its name."""
    return name == "bpf" or name.startswith(tuple(table()["prefixes"]))


def is_skeleton(name: str) -> bool:
    """Whether a function is one of a skeleton, by its name."""
    data = table()
    owner, _, what = name.rpartition("__")
    return what in data["skeletons"] and bool(owner) and owner not in data["objects"] and name not in (*data["same"], *data["absent"])


# ---- the source


def calls_in(path: Path, include_dirs: Sequence[str], defines: Sequence[str]) -> list[Call]:
    """Calls of libbpf's functions in the file itself, without those that it defines."""
    read_source(path)
    unit = parse(path, include_dirs, defines)
    name = str(path)
    declared = [each for each in unit.cursor.get_children() if each.kind.name == "FUNCTION_DECL"]
    functions = [each for each in declared if _in_file(each, name)]
    defined = {each.spelling for each in functions if each.is_definition()}
    bodies = [(each.extent.start.line, each.extent.end.line, each.spelling) for each in functions if each.is_definition()]
    found = set(_called(functions, bodies, name))
    if any(each.severity >= 3 for each in unit.diagnostics):
        found |= set(_spelt(unit, bodies))
    others = {each.spelling for each in declared if not _of_skeleton(each)}
    calls = [each for each in found if each.name not in defined and (of_libbpf(each.name) or _made(each.name, others))]
    return sorted(calls, key=lambda each: (each.line, each.column))


def _of_skeleton(declaration: Any) -> bool:
    """Whether a header that bpftool makes declares it."""
    file = declaration.location.file
    return file is not None and SKELETON.search(file.name) is not None


def _made(name: str, others: set[str]) -> bool:
    """Whether it is a skeleton's: nothing else that is there declares it."""
    return name not in others and is_skeleton(name)


def parse(path: Path, include_dirs: Sequence[str], defines: Sequence[str]) -> Any:
    """The translation unit, as well as it can be parsed here."""
    toolchain = bundled_toolchain()
    builtin = ["-isystem", str(toolchain.include_dir)] if toolchain is not None and toolchain.include_dir is not None else []
    arguments = [
        "-x",
        "c",
        "-std=gnu11",
        "-ferror-limit=0",
        *(f"-I{each}" for each in include_dirs),
        *(f"-D{each}" for each in defines),
        *builtin,
    ]
    index = open_index()
    cindex = importlib.import_module("clang.cindex")
    try:
        return index.parse(str(path), args=arguments, options=KEEP_GOING | WITH_MACROS)
    except cindex.TranslationUnitLoadError as error:
        raise InputError("libclang cannot parse it", file=str(path)) from error


def _in_file(cursor: Any, name: str) -> bool:
    return cursor.location.file is not None and cursor.location.file.name == name


def _called(functions: Sequence[Any], bodies: Sequence[tuple[int, int, str]], name: str) -> Iterator[Call]:
    for function in functions:
        for cursor in function.walk_preorder():
            # A function that is only named is called by somebody else: it has to be there as well.
            if cursor.kind.name == "DECL_REF_EXPR" and _in_file(cursor, name) and _is_function(cursor):
                yield Call(cursor.spelling, _owner(bodies, cursor.location.line), cursor.location.line, cursor.location.column)


def _is_function(cursor: Any) -> bool:
    return cursor.referenced is not None and cursor.referenced.kind.name == "FUNCTION_DECL"


def _spelt(unit: Any, bodies: Sequence[tuple[int, int, str]]) -> Iterator[Call]:
    macros = {each.spelling: each for each in unit.cursor.get_children() if each.kind.name == "MACRO_DEFINITION"}
    tokens = list(unit.get_tokens(extent=unit.cursor.extent))
    for token, following in pairwise(tokens):
        line, name = token.location.line, token.spelling
        owner = _owner(bodies, line)
        if token.kind.name != "IDENTIFIER" or following.spelling != "(" or not owner or not (of_libbpf(name) or is_skeleton(name)):
            continue
        # Of a macro that is there counts what it is made of.
        names = [each.spelling for each in macros[name].get_tokens()][1:] if name in macros else [name]
        for each in names if name not in table()["macros"] else [name]:
            if of_libbpf(each) or is_skeleton(each):
                yield Call(each, owner, line, token.location.column)


def _owner(bodies: Sequence[tuple[int, int, str]], line: int) -> str:
    return next((name for first, last, name in bodies if first <= line <= last), "")
