"""What of Linux is what on Windows: the table, checked and typed.

    table = correspondence()
    table.helper("ktime_get_ns")            Row: to="ktime_get_ns", kind="same", …
    table.field("xdp_md", "data")           Row: to="data", …
    list(check(json.loads(text)))           [("helpers.ktime_get_ns.class", "must be one of same, …")]

The shipped table is `runtime/specs/correspondence_linux_windows.json`, its form `correspondence.schema.json` beside it. What a newer
Windows extension has is a matter of another row; code is needed only for a new recipe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast, final

from bpfcc.compat.rewrite.entries import KINDS, Kind
from bpfcc.compat.rewrite.shapes import faults, is_number
from bpfcc.errors import InputError
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.tables import FOLDER

SCHEMA: Final = "bpfcc.correspondence/1"
SHIPPED: Final = FOLDER / "correspondence_linux_windows.json"
MAX_BYTES: Final = 4 << 20
TRANSFORMS: Final = frozenset({"port_in_upper_half", "port_in_host_order"})
HELPER_RECIPES: Final = frozenset({
    "map_update", "map_delete", "map_pop", "divide", "csum_diff", "printk", "vprintk", "tail_call", "ringbuf_reserve", "ringbuf_submit",
    "ringbuf_discard", "loop", "xdp_get_buff_len", "xdp_load_bytes", "xdp_store_bytes",
})  # fmt: skip
MAP_RECIPES: Final = frozenset({"perf_ring"})
# When a difference is told: of sections, of helpers, of maps.
SECTION_CONDITIONS: Final = ("always", "section NAME")
HELPER_CONDITIONS: Final = ("always", "result", "used", "argument NUMBER [besides NUMBER,…]", "processor NUMBER", "length NUMBER")
MAP_CONDITIONS: Final = ("always", "updated")
PARTS: Final = (
    "sections", "absent_sections", "absent_attach_types", "absent_section_names", "returns", "contexts", "errors", "helpers",
    "absent_helpers", "map_types", "absent_map_types", "map_flags", "stable_types", "externs", "absent_externs",
)  # fmt: skip

Problem = tuple[str, str]


@final
class Row:
    """A row: `data` as the table has it, with names for what most rows have."""

    __slots__ = ("data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: Final = data

    @property
    def kind(self) -> Kind:
        """Its class."""
        return cast("Kind", self.data["class"])

    @property
    def to(self) -> str | None:
        """The Windows name, None where nothing there is meant."""
        return self.data.get("to")

    @property
    def reason(self) -> str:
        """In words."""
        return str(self.data.get("reason", ""))

    @property
    def recipe(self) -> str | None:
        """How it is rewritten, where a name is not enough."""
        return self.data.get("recipe")

    @property
    def depends(self) -> bool | None:
        """Of a row that differs: whether what the program does can depend on it."""
        return self.data.get("depends")

    @property
    def differences(self) -> list[Mapping[str, Any]]:
        """What differs under a condition."""
        return list(self.data.get("differences", ()))

    def of_type(self, program_type: str) -> bool:
        """Whether programs of that type have it on Windows."""
        return program_type in self.data.get("types", (program_type,))


@final
class Correspondence:
    """The table. Names are libbpf's."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def section(self, program_type: str, attach_type: str | None) -> Row | None:
        """What a program of that type, attached so, becomes; without an attach type only where the type has one."""
        rows = [row for row in self._table["sections"] if row["type"] == program_type and not row.get("there_alone")]
        fitting = [row for row in rows if row["attach_type"] == attach_type] if attach_type is not None else rows
        return Row(fitting[0]) if len(fitting) == 1 else None

    def section_there(self, section: str) -> Row | None:
        """A section that Windows alone has, taken for handlers that are written with Linux's headers."""
        fitting = [row for row in self._table["sections"] if row.get("there_alone") and section.startswith(row["section"])]
        return Row(max(fitting, key=lambda row: len(row["section"]))) if fitting else None

    def why_no_section(self, program_type: str | None, attach_type: str | None, section: str | None = None) -> str:
        """Why there is none."""
        if program_type is None:
            return str(self._table["absent_section_names"].get(section or "", "the section does not tell the type"))
        if attach_type is None and any(row["type"] == program_type for row in self._table["sections"]):
            return "the section does not tell where the program is attached"
        found = self._table["absent_attach_types"].get(attach_type or "") or self._table["absent_sections"].get(program_type)
        return found or "Windows has no such hook"

    def returns(self, program_type: str) -> Mapping[str, Any]:
        """How return values are mapped."""
        found: Mapping[str, Any] = self._table["returns"][program_type]
        return found

    def field(self, context: str, name: str) -> Row | None:
        """A context's field; None where Windows has nothing like it."""
        found = self._table["contexts"].get(context, {}).get("fields", {}).get(name)
        return Row(found) if found is not None else None

    @property
    def why_no_field(self) -> str:
        """Why a field without a row is absent."""
        return str(self._table["context_absent"])

    def helper(self, name: str) -> Row | None:
        """A helper; None where there is none."""
        found = self._table["helpers"].get(name)
        return Row(found) if found is not None else None

    def why_no_helper(self, name: str) -> str:
        """Why there is none."""
        return str(self._table["absent_helpers"].get(name, self._table["helper_absent"]))

    def errors(self, name: str) -> dict[int, int]:
        """Error numbers: Windows' -> Linux's, both positive."""
        return {int(key): value for key, value in self._table["errors"][name].items()}

    @property
    def other_error(self) -> int:
        """Linux's number for an error that the table does not name."""
        return int(self._table["other_error"])

    def map_type(self, name: str) -> Row | None:
        """A map type; None where there is none."""
        found = self._table["map_types"].get(name)
        return Row(found) if found is not None else None

    def why_no_map_type(self, name: str) -> str:
        """Why there is none."""
        return str(self._table["absent_map_types"].get(name, self._table["map_type_absent"]))

    @property
    def map_flags(self) -> dict[int, Mapping[str, Any]]:
        """What becomes of map flags, by bit."""
        return {int(bit): row for bit, row in self._table["map_flags"].items()}

    @property
    def stable_types(self) -> frozenset[str]:
        """Structs that are the same everywhere, so that CO-RE relocations of them mean nothing."""
        return frozenset(self._table["stable_types"])

    def why_no_extern(self, kind: str, name: str = "") -> str:
        """Why a kernel symbol is absent."""
        named = [text for start, text in self._table["absent_externs"].items() if name.startswith(start)]
        return str(named[0] if named else self._table["externs"][kind])


@cache
def correspondence() -> Correspondence:
    """The shipped table; the tests check it."""
    return Correspondence(json.loads(SHIPPED.read_bytes()))


def load(path: Path) -> Correspondence:
    """A user's table. InputError with the first fault's place."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise InputError(f"a table has at most {MAX_BYTES} bytes", file=str(path))
        table = json.loads(raw)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a table: {error}", file=str(path)) from error
    for where, what in check(table):
        raise InputError(f"{where}: {what}" if where else what, file=str(path))
    return Correspondence(table)


# ---- the check


def check(table: object) -> Iterator[Problem]:
    """Every fault of a table: (place, what). The platforms' own tables say which names there are."""
    if not isinstance(table, dict):
        yield "", "a table is an object"
        return
    if table.get("schema") != SCHEMA:
        yield "schema", f"must be {SCHEMA!r}"
    for part in PARTS:
        wanted = list if part in ("sections", "stable_types") else dict
        if not isinstance(table.get(part), wanted):
            yield part, f"must be {'a list' if wanted is list else 'an object'}"
            return
    for name in ("context_absent", "helper_absent", "map_type_absent"):
        if not isinstance(table.get(name), str):
            yield name, "must be text"
    if not is_number(table.get("other_error")):
        yield "other_error", "must be a number"
    misshapen = list(faults(table))
    if misshapen:
        # What is looked up in tables has to be text.
        yield from misshapen
        return
    yield from _check_sections(table)
    yield from _check_returns(table)
    yield from _check_contexts(table)
    yield from _check_helpers(table)
    yield from _check_maps(table)
    for name in (
        "absent_sections",
        "absent_attach_types",
        "absent_section_names",
        "absent_helpers",
        "absent_map_types",
        "externs",
        "absent_externs",
    ):
        yield from ((f"{name}.{key}", "must be text") for key, text in table[name].items() if not isinstance(text, str))


def _check_row(where: str, row: object, recipes: frozenset[str] = frozenset(), conditions: tuple[str, ...] = ()) -> Iterator[Problem]:
    if not isinstance(row, dict):
        yield where, "must be an object"
        return
    if row.get("class") not in KINDS:
        yield f"{where}.class", f"must be one of {', '.join(KINDS)}"
    if row.get("class") == "differs" and not isinstance(row.get("depends"), bool):
        yield f"{where}.depends", "must say whether results depend on it"
    if row.get("class") == "differs" and not row.get("reason"):
        yield f"{where}.reason", "must say what differs"
    if "recipe" in row and row["recipe"] not in recipes:
        yield f"{where}.recipe", f"must be one of {', '.join(sorted(recipes))}"
    for at, each in enumerate(row.get("differences", ())):
        place = f"{where}.differences[{at}]"
        if not isinstance(each, dict) or not isinstance(each.get("text"), str) or not isinstance(each.get("depends"), bool):
            yield place, "must have text, when and depends"
        elif not any(_is_condition(str(each.get("when")), form) for form in conditions):
            yield (
                f"{place}.when",
                f"must be {' or '.join(conditions)}" if conditions else "differences are told of sections, helpers and maps",
            )


def _is_condition(text: str, form: str) -> bool:
    """Whether a condition has a form: the word alone, or the word and what it takes."""
    word, space, _ = form.partition(" ")
    return text.startswith(word + space) and (bool(space) or text == word)


def _check_sections(table: Mapping[str, Any]) -> Iterator[Problem]:
    linux, windows = load_platform("linux"), load_platform("windows")
    for at, row in enumerate(table["sections"]):
        where = f"sections[{at}]"
        yield from _check_row(where, row, conditions=SECTION_CONDITIONS)
        if not isinstance(row, dict):
            continue
        here = () if row.get("there_alone") else ((linux, "type", "attach_type"),)
        if row.get("there_alone") and row.get("type") not in linux.program_types:
            yield f"{where}.type", f"linux has no program type {row.get('type')!r}"
        for platform, kind, attach in (*here, (windows, "to_type", "to_attach_type")):
            if row.get(kind) not in platform.program_types:
                yield f"{where}.{kind}", f"{platform.name} has no program type {row.get(kind)!r}"
            elif row.get(attach) not in platform.program_types[row[kind]].attach_types:
                yield f"{where}.{attach}", f"{platform.name} has no attach type {row.get(attach)!r}"
        for each in row.get("only", ()):
            known = row.get("to_type") in windows.program_types
            context = windows.context_of(row["to_type"]) if known else None
            if context is None or context.field(each["field"]) is None:
                yield f"{where}.only", f"the context has no field {each['field']!r}"
        if row.get("type") not in table["returns"]:
            yield f"{where}.type", "its return values are not mapped"


def _check_returns(table: Mapping[str, Any]) -> Iterator[Problem]:
    for name, row in table["returns"].items():
        where = f"returns.{name}"
        if not isinstance(row, dict) or not isinstance(row.get("cases"), list) or not is_number(row.get("otherwise")):
            yield where, "must have cases and otherwise"
            continue
        if row.get("width") not in (32, 64):
            yield f"{where}.width", "must be 32 or 64"
        for at, case in enumerate(row["cases"]):
            yield from _check_row(f"{where}.cases[{at}]", case)
            if not isinstance(case, dict) or not is_number(case.get("linux")) or not is_number(case.get("windows")):
                yield f"{where}.cases[{at}]", "must have numbers linux and windows"


def _check_contexts(table: Mapping[str, Any]) -> Iterator[Problem]:
    linux, windows = load_platform("linux"), load_platform("windows")
    for name, row in table["contexts"].items():
        where = f"contexts.{name}"
        if name not in linux.contexts or not isinstance(row, dict) or row.get("to") not in windows.contexts:
            yield where, "must be a context of Linux, and `to` one of Windows"
            continue
        there = windows.contexts[row["to"]]
        for field, each in row.get("fields", {}).items():
            yield from _check_row(f"{where}.fields.{field}", each)
            if linux.contexts[name].field(field) is None:
                yield f"{where}.fields.{field}", "Linux has no such field"
            if isinstance(each, dict) and "to" in each and there.field(each["to"]) is None:
                yield f"{where}.fields.{field}.to", f"{row['to']} has no field {each['to']!r}"
            if isinstance(each, dict) and each.get("transform", "port_in_upper_half") not in TRANSFORMS:
                yield f"{where}.fields.{field}.transform", f"must be one of {', '.join(sorted(TRANSFORMS))}"
            if isinstance(each, dict) and each.get("class") != "absent" and not {"to", "constant", "store_ignored"} & each.keys():
                yield f"{where}.fields.{field}", "must have to or constant"


def _check_helpers(table: Mapping[str, Any]) -> Iterator[Problem]:
    linux, windows = load_platform("linux"), load_platform("windows")
    there = {each.name for each in windows.helpers_by_id.values()}
    there |= {each.name for kind in windows.program_types.values() for each in kind.own_helpers.values()}
    known = {each.name for each in linux.helpers_by_id.values()}
    for name, row in table["helpers"].items():
        where = f"helpers.{name}"
        yield from _check_row(where, row, HELPER_RECIPES, HELPER_CONDITIONS)
        if name not in known:
            yield where, "Linux has no such helper"
        if not isinstance(row, dict):
            continue
        if "to" in row and row["to"] not in there:
            yield f"{where}.to", f"Windows has no helper {row['to']!r}"
        if "to" not in row and "recipe" not in row:
            yield where, "must have to or recipe"
        for key in ("errors", "array_errors"):
            if row.get(key) is not None and row[key] not in table["errors"]:
                yield f"{where}.{key}", "there are no such error numbers"
    for name, numbers in table["errors"].items():
        if not isinstance(numbers, dict) or not all(str(key).isdigit() and is_number(value) for key, value in numbers.items()):
            yield f"errors.{name}", "must be numbers by number"
    yield from ((f"absent_helpers.{name}", "Linux has no such helper") for name in table["absent_helpers"] if name not in known)


def _check_maps(table: Mapping[str, Any]) -> Iterator[Problem]:
    linux, windows = load_platform("linux"), load_platform("windows")
    for name, row in table["map_types"].items():
        where = f"map_types.{name}"
        yield from _check_row(where, row, MAP_RECIPES, MAP_CONDITIONS)
        if name not in linux.map_types:
            yield where, "Linux has no such map type"
        if isinstance(row, dict) and row.get("to") not in windows.map_types:
            yield f"{where}.to", f"Windows has no map type {row.get('to')!r}"
    for name in table["absent_map_types"]:
        if name not in linux.map_types:
            yield f"absent_map_types.{name}", "Linux has no such map type"
    for bit, row in table["map_flags"].items():
        if not str(bit).isdigit() or not isinstance(row, dict) or not {"name", "text", "depends"} <= row.keys():
            yield f"map_flags.{bit}", "must have name, text and depends"
