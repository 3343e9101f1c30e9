"""A native module as C: programs, and the metadata table that the loader of eBPF for Windows reads.

    program = NativeProgram(module, "xdp", "xdp", "drop")
    native = emit_native([program], NativeOptions("filter"))
    native.text                                 C99; `native.maps` and `native.programs` say what is in its tables

Each program is in a section of the image of its own, tables, names and GUIDs lie where the loader's scanner looks for them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from bpfcc.backends.aot.descriptor import wrapped
from bpfcc.backends.aot.emit import Part, Shared, c_template, function_text, identifier, own_lines, words_text
from bpfcc.backends.aot.function import FunctionWriter
from bpfcc.backends.base import Environment, MapBinding, layout_of
from bpfcc.bpfir.collector import paused_collector
from bpfcc.bpfir.ops import CallExtern
from bpfcc.compat.native.info_hash import HASH_TYPE, function_order, program_info_hash
from bpfcc.compat.native.names import PeSections, checked_name
from bpfcc.compat.native.tables import global_sections, initial_values, map_entries
from bpfcc.compat.native.unit import DRIVER, HEADER, WindowsUnit, own_text, reserved_names
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.bpfir.ops import Value
    from bpfcc.compat.native.tables import MapEntry
    from bpfcc.runtime.specs import Platform
    from bpfcc.runtime.specs.kfuncs import Kfunc

PLATFORM: Final = "windows"
# The version of the interface: from 1.4.0 on the runtime's record of a map is 40 bytes, with the values of arrays in it.
ABI: Final = (1, 6, 0)
MAX_PROGRAMS: Final = 0xFFFF
POINTER_BYTES: Final = 8


class NativeProgram(NamedTuple):
    """An accepted program. `type` and `attach_type` as the platform's tables have them, `section` as Windows spells it; `names` of
    its values, by function; `zeroed`: functions whose frames may be read before they are written (None: any)."""

    module: Module
    type: str
    section: str
    name: str
    attach_type: str | None = None
    names: Mapping[str, Mapping[Value, str]] = {}
    zeroed: Mapping[str, int] | None = None
    instructions: int = 0


class NativeOptions(NamedTuple):
    """`module`: what the source is called, without suffixes; `platform`: `windows` or a file with newer tables; `elf_hash`: SHA-256 of
    the object; `extra`: C that goes into the file as it is."""

    module: str
    platform: str = PLATFORM
    lines: bool = True
    made_from: str = ""
    elf_hash: bytes | None = None
    extra: str = ""


class Native(NamedTuple):
    """The C, what the table of maps has, and of each program the section of the image and the helpers in their order."""

    text: str
    maps: tuple[MapEntry, ...]
    sections: tuple[str, ...]
    helpers: tuple[tuple[int, ...], ...]


def module_name(path_name: str) -> str:
    """What a module is called by its file: the name up to the first dot."""
    return identifier(path_name.split(".", 1)[0] or "module")


def emit_native(programs: Sequence[NativeProgram], options: NativeOptions, *, maps: Sequence[MapSpec] = ()) -> Native:
    """The file. `maps`: those that no program names, but maps of maps do. UnsupportedError for what native images cannot hold."""
    from bpfcc import __version__

    if not programs or len(programs) > MAX_PROGRAMS:
        raise InputError(f"a native module has 1 to {MAX_PROGRAMS} programs, not {len(programs)}")
    platform = load_platform(options.platform)
    shared, pe = Shared(reserved_names()), PeSections()
    contexts, helpers = [], []
    with paused_collector():
        for program in programs:
            functions = module_functions(platform, program.module)
            unit = WindowsUnit(
                part_of(program), environment(platform, program), shared, alone=len(programs) == 1, functions=functions,
                results=results_of(platform, program.type),
            )  # fmt: skip
            bodies = [FunctionWriter(unit, fn, program.names.get(fn.name, {})).write() for fn in program.module.functions]
            texts = [function_text(program.module, body, lines=options.lines) for body in bodies]
            written = [{"prototype": body.signature, "text": text} for body, text in zip(bodies, texts, strict=True)]
            contexts.append(described(platform, program, unit, pe, functions) | {"functions": written})
            helpers.append(tuple(unit.helpers))
    entries, numbers = map_entries(platform, [*shared.maps, *(spec for spec in maps if all(spec.name != m.name for m in shared.maps))])
    prefix = module_name(options.module)
    named = named_data(entries, prefix)
    text = template().render(
        header=own_text(HEADER), words=words_text(), driver=own_text(DRIVER), programs=contexts,
        maps=named, initial_values=initial_values(entries, {program.name for program in programs}, numbers),
        globals=global_sections(named), module=prefix, abi=ABI, made_from=options.made_from, version=__version__,
        elf_hash=wrapped(options.elf_hash) if options.elf_hash is not None else None, extra=options.extra,
    )  # fmt: skip
    return Native(own_lines(text), tuple(named), tuple(each["pe_section"] for each in contexts), tuple(helpers))


def part_of(program: NativeProgram) -> Part:
    """As the writer takes it."""
    return Part(program.module, program.names, program.section, zeroed=program.zeroed, instructions=program.instructions)


def named_data(entries: Sequence[MapEntry], prefix: str) -> list[MapEntry]:
    """The maps with sections of global variables named as Windows' tools do: after the module and the section."""
    return [each._replace(name=checked_name(prefix[:7] + each.name)) if each.initial is not None else each for each in entries]


def described(platform: Platform, program: NativeProgram, unit: WindowsUnit, pe: PeSections, functions: Sequence[Kfunc]) -> dict[str, Any]:
    """What the template says of a program."""
    spec = platform.program_type(program.type)
    attach = spec.attach_types.get(program.attach_type or next(iter(spec.attach_types), ""))
    if spec.guid is None or attach is None or attach.guid is None:
        raise UnsupportedError(
            f"programs of type {program.type}", f"{platform.name} has no GUID of type {program.type}, attached as {program.attach_type}"
        )
    digest = program_info_hash(platform, program.type, unit.helpers, functions)
    return {
        "name": unit.name,
        "source_name": checked_name(program.name),
        "section": checked_name(program.section),
        "type": program.type,
        "pe_section": pe.name(program.section),
        "helpers": [{"id": helper, "name": unit.environment.helper_name(helper)} for helper in unit.helpers],
        "module_functions": [{"name": checked_name(each.name), "guid": c_guid(each.module or "")} for each in functions],
        "map_indices": sorted(set(unit.maps)),
        "type_guid": c_guid(spec.guid),
        "attach_guid": c_guid(attach.guid),
        "hash": wrapped(digest),
        "hash_bytes": len(digest),
        "hash_type": HASH_TYPE,
        "instructions": program.instructions,
    }


def module_functions(platform: Platform, module: Module) -> tuple[Kfunc, ...]:
    """Functions of other modules that a program calls, in the order that the digest has them. UnsupportedError for one without a module."""
    found: dict[str, Kfunc] = {}
    for fn in module.functions:
        for op in fn.ops():
            if not isinstance(op, CallExtern):
                continue
            extern = module.externs[op.extern]
            row = platform.kfuncs.by_name.get(extern.name)
            if row is None or row.module is None or extern.module not in (None, row.module):
                message = f"{platform.name} does not know which module has a function {extern.name}"
                raise UnsupportedError(f"{extern.kind} {extern.name}", message, insn=op.insn)
            found[extern.name] = row
    return tuple(sorted(found.values(), key=function_order))


def results_of(platform: Platform, program_type: str) -> dict[int, str]:
    """What helpers return that is not a whole register, by their ids."""
    every = dict(platform.helpers_by_id) | dict(platform.program_type(program_type).own_helpers)
    return {number: helper.result for number, helper in every.items() if helper.result is not None}


def c_guid(text: str) -> str:
    """A GUID as an initialiser."""
    first, second, third, *rest = UUID(text).fields
    tail = [*rest[:2], *rest[2].to_bytes(6, "big")]
    return f"{{0x{first:08x}, 0x{second:04x}, 0x{third:04x}, {{{', '.join(f'0x{byte:02x}' for byte in tail)}}}}}"


def environment(platform: Platform, program: NativeProgram) -> Environment:
    """What a program is written against: the platform's helpers and context, no addresses."""
    spec = platform.program_type(program.type)
    codec = context_codec(platform, program.type, program.attach_type)
    layout = layout_of(codec)._replace(pointer_bytes=POINTER_BYTES)
    if codec is not None and layout.data < 0:
        layout = layout._replace(data=codec.offset_of_kind("memory_start"), data_end=codec.offset_of_kind("memory_end"))

    def name(helper: int) -> str:
        found = platform.helpers_by_id.get(helper) or spec.own_helpers.get(helper)
        return found.prototype or platform.helper_prefix + found.name if found is not None else f"helper {helper}"

    return Environment(
        maps=[MapBinding(0)] * len(program.module.maps),
        helper_address=lambda helper: int(platform.helper_allowed(helper, program.type, program.attach_type)),
        helper_name=name,
        quiet_helpers=platform.settled_ids,
        tail_call_helper=platform.helper("tail_call").id,
        lookup_helper=platform.helper("map_lookup_elem").id,
        layout=layout,
        checked=False,
        zeroed=program.zeroed,
        offline=True,
    )


@cache
def template() -> Any:
    """The shape of a file."""
    return c_template("bpfcc.compat.native", "windows.c.j2")
