"""Symbols that an object leaves to the kernel: kernel functions and variables, configuration values.

    extern int bpf_xdp_metadata_rx_hash(…) __ksym;    -> Extern(kind="kfunc")
    extern const void init_task __ksym;               -> Extern(kind="ksym")
    extern int LINUX_KERNEL_VERSION __kconfig;        -> bytes of the map `.kconfig`
    … __attribute__((btf_decl_tag("module_id:{…}")))  -> Extern(kind="kfunc", module="…"), which is how Windows tells modules apart

`.kconfig` is laid out as libbpf does it: by falling alignment, rising size, name. Values come from the caller's mapping,
else from `KCONFIG_DEFAULTS`, which are the same on every machine; else zero. A value that is declared `__weak` may be
absent; a strong one that nobody gives is remembered in `missing`, and code that reads it counts as unresolved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.module import Extern, MapSpec
from bpfcc.errors import InputError
from bpfcc.frontend.btf.types import INT_BOOL
from bpfcc.frontend.elf import SHN_UNDEF, STB_LOCAL, STB_WEAK
from bpfcc.frontend.map_table import READ_ONLY_FOR_PROGRAMS

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.elf import ElfFile, Symbol

KconfigValue = int | str | bool
Kconfig = Mapping[str, KconfigValue]

# Linux 6.18, which has cookies and system-call wrappers; CONFIG_HZ as distributions for servers set it.
KCONFIG_DEFAULTS: Final[Kconfig] = MappingProxyType(
    {
        "LINUX_KERNEL_VERSION": (6 << 16) | (18 << 8),
        "LINUX_HAS_BPF_COOKIE": 1,
        "LINUX_HAS_SYSCALL_WRAPPER": 1,
        "CONFIG_HZ": 1000,
    }
)
TRISTATE: Final = {"n": 0, "y": 1, "m": 2}
MAX_KCONFIG_BYTES: Final = 1 << 16
MODULE_TAG: Final = "module_id:"
GUID: Final = re.compile(r"\{([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}")


@final
class ExternTable:
    """What undefined symbols mean. Indices are into `externs`, `.kconfig` offsets into the map's only value."""

    def __init__(self) -> None:
        self.externs: list[Extern] = []
        self.by_symbol: dict[int, int] = {}
        self.kconfig_offsets: dict[int, int] = {}
        self.kconfig: MapSpec | None = None
        # Strong configuration values that nobody gave, by symbol.
        self.missing: dict[int, str] = {}

    def add(self, symbol: int, extern: Extern) -> int:
        """Append an extern for a symbol; returns its index."""
        self.by_symbol[symbol] = len(self.externs)
        self.externs.append(extern)
        return self.by_symbol[symbol]


class _Value:
    """One `__kconfig` variable; `offset` is its place in the map."""

    def __init__(self, btf: Btf, symbol: Symbol, name: str, type_id: int) -> None:
        self.symbol, self.name, self.type_id = symbol, name, type_id
        self.size, self.align = btf.size_of(type_id), btf.align_of(type_id)
        self.offset = 0


def read_externs(elf: ElfFile, btf: Btf | None, given: Kconfig | None) -> ExternTable:
    """Classify the undefined symbols by the BTF section their declaration is in; those without BTF stay undefined."""
    table = ExternTable()
    undefined = [s for s in elf.symbols if s.section == SHN_UNDEF and s.bind != STB_LOCAL and s.name_offset]
    if not undefined or btf is None:
        return table
    ksyms, kconfig = _declarations(btf, ".ksyms"), _declarations(btf, ".kconfig")
    modules = _modules(elf, btf) if ksyms else {}
    values = []
    for symbol in undefined:
        name, weak = elf.name_of(symbol), symbol.bind == STB_WEAK
        if name in ksyms:
            type_id = ksyms[name]
            if btf.kind(type_id) == "func":
                table.add(symbol.number, Extern(name, "kfunc", weak, type_id, modules.get(type_id)))
            else:
                table.add(symbol.number, Extern(name, "ksym", weak, type_id))
        elif name in kconfig:
            values.append(_Value(btf, symbol, name, btf.referred(kconfig[name])))
            table.add(symbol.number, Extern(name, "kconfig", weak, kconfig[name]))
    if values:
        _lay_out(elf, btf, table, values, given or {})
    return table


def _declarations(btf: Btf, section: str) -> dict[str, int]:
    type_id = btf.find(section, "datasec")
    if type_id is None:
        return {}
    return {btf.name(v.type_id): v.type_id for v in btf.type(type_id).variables if btf.kind(v.type_id) in ("var", "func")}


def _modules(elf: ElfFile, btf: Btf) -> dict[int, str]:
    """GUIDs of modules by the functions whose declarations have them as tags. InputError for tags that are none, or two."""
    found: dict[int, str] = {}
    for tag in btf.types():
        if tag.kind != "decl_tag" or tag.component != -1 or not tag.name.startswith(MODULE_TAG):
            continue
        guid = GUID.fullmatch(tag.name.removeprefix(MODULE_TAG))
        if guid is None or found.get(tag.type_id, guid[1].lower()) != guid[1].lower():
            what = "a second module" if guid is not None else "no GUID"
            raise elf.error(f"{what} in the tag {tag.name[:80]!r} of {btf.name(tag.type_id)}, type {tag.type_id}", section=".BTF")
        found[tag.type_id] = guid[1].lower()
    return found


def _lay_out(elf: ElfFile, btf: Btf, table: ExternTable, values: list[_Value], given: Kconfig) -> None:
    values.sort(key=lambda v: (-v.align, v.size, v.name))
    end = 0
    for value in values:
        value.offset = (end + value.align - 1) // value.align * value.align
        end = value.offset + value.size
        if end > MAX_KCONFIG_BYTES:
            raise elf.error(f"configuration value {value.name!r} of {value.size} bytes", section=".kconfig", offset=value.offset)
    content = bytearray(end)
    for value in values:
        table.kconfig_offsets[value.symbol.number] = value.offset
        setting = given.get(value.name, KCONFIG_DEFAULTS.get(value.name))
        if setting is not None:
            try:
                content[value.offset : value.offset + value.size] = _encode(btf, value.type_id, setting)
            except (ValueError, OverflowError) as problem:
                raise InputError(f"configuration value {value.name}={setting!r}: {problem}", file=elf.file, section=".kconfig") from None
        elif value.symbol.bind != STB_WEAK:
            table.missing[value.symbol.number] = value.name
    type_id = btf.find(".kconfig", "datasec") or 0
    table.kconfig = MapSpec(
        ".kconfig", "array", key_size=4, value_size=end, max_entries=1, flags=READ_ONLY_FOR_PROGRAMS, section=".kconfig",
        initial=bytes(content), btf=btf, btf_value_type_id=type_id,
    )  # fmt: skip
    numbers = {v.name: v.offset for v in values}
    places = {i: numbers[n] for i, d in enumerate(btf.type(type_id).variables) if (n := btf.name(d.type_id)) in numbers}
    btf.set_section_layout(type_id, end, places)


def _encode(btf: Btf, type_id: int, setting: KconfigValue) -> bytes:
    """A setting as a Kconfig file has it: `y n m`, a quoted or plain string, a number."""
    found = btf.type(btf.skip_modifiers(type_id))
    size = btf.size_of(type_id)
    order = btf.endian
    if found.kind == "array":
        text = str(setting).removeprefix('"').removesuffix('"').encode()
        return text[: max(size - 1, 0)].ljust(size, b"\0")
    if found.kind in ("enum", "enum64") and found.name == "libbpf_tristate":
        if setting not in TRISTATE:
            raise ValueError("a tristate is y, n or m")
        return TRISTATE[str(setting)].to_bytes(size, order)
    if found.kind != "int":
        raise ValueError(f"a {found.kind} cannot be a configuration value")
    if found.encoding & INT_BOOL:
        if setting not in ("y", "n", 0, 1):
            raise ValueError("a bool is y or n")
        return int(setting in ("y", 1)).to_bytes(size, order)
    if setting in ("y", "n", "m") and size == 1:
        return str(setting).encode()
    number = int(setting, 0) if isinstance(setting, str) else int(setting)
    return number.to_bytes(size, order, signed=found.signed)
