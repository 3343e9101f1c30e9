"""What is wrong with a platform file: every entry, with its place.

list(check_table({"schema": "bpfcc.platform/1", "name": "router", "helpers": [], …}))
[("helpers[3].args[1]", "unknown argument kind 'memory'")]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from bpfcc.runtime.specs.model import (
    ACCESS_WORDS,
    ARGUMENT_KINDS,
    CALLBACK_KINDS,
    FIELD_KINDS,
    LEVELS,
    RESULT_TYPES,
    RETURN_KINDS,
    SPECIAL_FIELDS,
    Limits,
)
from bpfcc.runtime.specs.tables import SCHEMA, Table

MAX_CONTEXT_BYTES: Final = 1 << 16
MAX_ARGUMENTS: Final = 5
GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
KFUNC_KEYS: Final = frozenset({"args", "returns", "flags", "types", "module"})
NULLABLE: Final = frozenset({"stack_bytes_tail_call", "loop_rounds", "name_chars"})
# Of texts, what they may be; the first is what they are where they are not given.
WORDS: Final = {"objects": ("linux", "windows"), "global_functions": ("prototype", "callers")}

Problem = tuple[str, str]


def _is_number(value: object, low: int = 0, high: int = 0xFFFF_FFFF) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def check_table(table: object) -> Iterator[Problem]:
    """Every fault of a table: (place, what)."""
    if not isinstance(table, dict):
        yield "", "a platform file is an object"
        return
    if table.get("schema") != SCHEMA:
        yield "schema", f"must be {SCHEMA!r}"
    if not isinstance(table.get("name"), str) or not table["name"]:
        yield "name", "must be a name"
    if not _is_number(table.get("max_tail_calls", 0)):
        yield "max_tail_calls", "must be a number"
    if not _is_number(table.get("index_bytes", 0), 0, 8):
        yield "index_bytes", "must be a number of bytes, at most 8"
    for key, words in WORDS.items():
        if table.get(key, words[0]) not in words:
            yield key, f"must be {' or '.join(words)}"
    for key in ("indirect_calls", "packet_arguments", "fills_buffers", "packed_arrays"):
        if not isinstance(table.get(key, True), bool):
            yield key, "must be true or false"
    yield from _check_rules(table)
    sets = table.get("helper_sets", {})
    yield from _check_sets(sets)
    yield from _check_numbers("runtime", table.get("runtime", ""), sets)
    yield from _check_helpers("helpers", table.get("helpers"))
    types = table.get("program_types")
    yield from _check_each("contexts", table.get("contexts"), _check_context)
    yield from _check_each("map_types", table.get("map_types"), lambda at, row: _check_map_type(at, row, types))
    yield from _check_each("kfuncs", table.get("kfuncs", {}), _check_kfunc)
    found = table.get("contexts")
    contexts: Table = found if isinstance(found, dict) else {}
    yield from _check_each("program_types", table.get("program_types"), lambda at, row: _check_program_type(at, row, contexts, sets))
    yield from _check_each("sections", table.get("sections", {}), lambda at, row: _check_section(at, row, types))


def _check_rules(table: Table) -> Iterator[Problem]:
    levels = table.get("levels", {})
    if not isinstance(levels, dict):
        yield "levels", "must be an object"
        levels = {}
    for name, level in levels.items():
        if level not in LEVELS or not re.fullmatch(r"[a-z][a-z0-9-]*", str(name)):
            yield f"levels.{name}", "must be error or warning"
    limits = table.get("limits", {})
    if not isinstance(limits, dict):
        yield "limits", "must be an object"
        return
    for name, value in limits.items():
        default = Limits._field_defaults.get(name)
        if name not in Limits._field_defaults:
            yield f"limits.{name}", f"unknown limit; there are {', '.join(Limits._fields)}"
        elif isinstance(default, bool):
            if not isinstance(value, bool):
                yield f"limits.{name}", "must be true or false"
        elif not _is_number(value, 1) and not (name in NULLABLE and value is None):
            yield f"limits.{name}", "must be a number, at least 1"


def _check_each(key: str, value: object, check: Callable[[str, Table], Iterator[Problem]]) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield key, "must be an object"
        return
    for name, row in value.items():
        at = f"{key}.{name}"
        if not isinstance(row, dict):
            yield at, "must be an object"
        else:
            yield from check(at, row)


def _check_section(at: str, row: Table, types: object) -> Iterator[Problem]:
    found = types.get(row.get("type")) if isinstance(types, dict) and isinstance(row.get("type"), str) else None
    if not isinstance(found, dict):
        yield f"{at}.type", f"there is no program type {row.get('type')!r}"
        return
    attach, known = row.get("attach_type"), found.get("attach_types", {})
    if attach is not None and not (isinstance(attach, str) and isinstance(known, dict) and attach in known):
        yield f"{at}.attach_type", f"the type has no attach type {attach!r}"


def _check_sets(sets: object) -> Iterator[Problem]:
    if not isinstance(sets, dict):
        yield "helper_sets", "must be an object"
        return
    for name, text in sets.items():
        yield from _check_numbers(f"helper_sets.{name}", text, {})


def _check_numbers(at: str, text: object, sets: object) -> Iterator[Problem]:
    if not isinstance(text, str):
        yield at, "must be a text of ids such as '1-3 7'"
        return
    for word in text.split():
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", word)
        if found is None:
            if not isinstance(sets, dict) or word not in sets:
                yield at, f"{word!r} is neither an id nor the name of a helper set"
        elif int(found[2] or found[1]) - int(found[1]) not in range(1 << 16):
            yield at, f"{word!r} is no range"


def _check_helpers(key: str, rows: object) -> Iterator[Problem]:
    if not isinstance(rows, list):
        yield key, "must be a list"
        return
    seen: set[object] = set()
    for index, row in enumerate(rows):
        at = f"{key}[{index}]"
        if not isinstance(row, dict) or not _is_number(row.get("id"), 1) or not isinstance(row.get("name"), str):
            yield at, "must have an id and a name"
            continue
        for identity in (row["id"], row["name"]):
            if identity in seen:
                yield at, f"a second helper {identity!r}"
            seen.add(identity)
        yield from _check_prototype(at, row)


def _check_prototype(at: str, row: Table) -> Iterator[Problem]:
    args = row.get("args")
    if not isinstance(args, list) or len(args) > MAX_ARGUMENTS:
        yield f"{at}.args", "must be a list of at most five kinds"
        return
    yield from _check_kinds(f"{at}.args", args)
    published = row.get("published_args", [])
    if not isinstance(published, list) or len(published) > MAX_ARGUMENTS:
        yield f"{at}.published_args", "must be a list of at most five kinds"
    else:
        yield from _check_kinds(f"{at}.published_args", published)
    if row.get("result") not in (None, *RESULT_TYPES):
        yield f"{at}.result", f"must be one of {', '.join(sorted(RESULT_TYPES))}"
    if row.get("returns", "integer") not in RETURN_KINDS:
        yield f"{at}.returns", f"unknown return kind {row['returns']!r}"
    bound = row.get("result_at_most")
    if bound is not None and not (_is_number(bound) and bound < len(args)):
        yield f"{at}.result_at_most", "must be the index of an argument"
    if not _is_number(row.get("in_map_value", 0), 0, max(len(args) - 1, 0)):
        yield f"{at}.in_map_value", "must be the index of an argument"
    for flag in ("gpl_only", "moves_packet", "may_sleep", "acquires", "releases", "calls_back", "packet", "under_lock", "any_map", "fills"):
        if not isinstance(row.get(flag, False), bool):
            yield f"{at}.{flag}", "must be true or false"
    if not isinstance(row.get("prototype", ""), str):
        yield f"{at}.prototype", "must be a name"
    if not _is_number(row.get("published_flags", 0)):
        yield f"{at}.published_flags", "must be a number"
    if row.get("result_range") is not None and not _is_range(row["result_range"]):
        yield f"{at}.result_range", "must be [lowest, highest]"
    if "callback" in row:
        yield from _check_callback(f"{at}.callback", row["callback"], len(args))


def _check_kinds(at: str, kinds: list[object]) -> Iterator[Problem]:
    for index, text in enumerate(kinds):
        kind, _, size = text.partition(":") if isinstance(text, str) else ("", "", "")
        if kind not in ARGUMENT_KINDS or (size and not re.fullmatch(r"\d{1,5}", size)):
            yield f"{at}[{index}]", f"unknown argument kind {text!r}"


def _check_callback(at: str, row: object, count: int) -> Iterator[Problem]:
    if not isinstance(row, dict) or not isinstance(row.get("args"), list):
        yield at, "must have the callback's args"
        return
    for index, kind in enumerate(row["args"]):
        if not isinstance(kind, str) or kind.partition(":")[0] not in CALLBACK_KINDS:
            yield f"{at}.args[{index}]", f"unknown kind {kind!r}"
    for key in ("function", "context"):
        place = row.get(key, 0) if key == "context" else row.get(key)
        if not _is_number(place, 0, count - 1):
            yield f"{at}.{key}", "must be the index of an argument"
    if not _is_range(row.get("returns")):
        yield f"{at}.returns", "must be [lowest, highest]"
    if not isinstance(row.get("deferred", False), bool):
        yield f"{at}.deferred", "must be true or false"


def _is_range(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_is_number(each, -(1 << 63), (1 << 63) - 1) for each in value)
        and value[0] <= value[1]
    )


def _check_context(at: str, row: Table) -> Iterator[Problem]:
    size, fields = row.get("size"), row.get("fields")
    if not _is_number(size, 0, MAX_CONTEXT_BYTES):
        yield f"{at}.size", f"must be a number of bytes, at most {MAX_CONTEXT_BYTES}"
        return
    if not isinstance(fields, list):
        yield f"{at}.fields", "must be a list"
        return
    if not _is_number(row.get("readable_from", 0), 0, MAX_CONTEXT_BYTES):
        yield f"{at}.readable_from", "must be a number of bytes"
    if not isinstance(row.get("bytewise", False), bool):
        yield f"{at}.bytewise", "must be true or false"
    types = row.get("types", [])
    if not isinstance(types, list) or not all(isinstance(each, str) for each in types):
        yield f"{at}.types", "must be a list of names"
    names: set[str] = set()
    for index, entry in enumerate(fields):
        place = f"{at}.fields[{index}]"
        if not isinstance(entry, list) or not 3 <= len(entry) <= 7 or not isinstance(entry[0], str):
            yield place, "must be [name, offset, size, kind, count, reads, writes]"
            continue
        name, offset, width, *rest = entry
        if not _is_number(offset) or not _is_number(width, 1) or offset + width > row["size"]:
            yield place, f"{name} lies outside the context"
        if rest and rest[0] not in FIELD_KINDS:
            yield place, f"unknown field kind {rest[0]!r}"
        if len(rest) > 1 and not (_is_number(rest[1], 1) and _is_number(width, 1) and width % rest[1] == 0):
            yield place, "the count must divide the size"
        for words in rest[2:]:
            if not isinstance(words, str) or not set(words.split()) <= ACCESS_WORDS:
                yield place, f"{words!r} is no way of access; there are {', '.join(sorted(ACCESS_WORDS))}"
        if name in names:
            yield place, f"a second field {name!r}"
        names.add(name)


def _check_kfunc(at: str, row: Table) -> Iterator[Problem]:
    from bpfcc.runtime.specs.kfuncs import check_kfunc

    args, flags = row.get("args"), row.get("flags", [])
    if not isinstance(args, list) or len(args) > MAX_ARGUMENTS or not all(isinstance(each, str) for each in args):
        yield f"{at}.args", "must be a list of at most five kinds"
    elif not isinstance(flags, list) or not all(isinstance(each, str) for each in flags):
        yield f"{at}.flags", "must be a list of flags"
    elif row.get("module") is not None and not (isinstance(row["module"], str) and GUID.fullmatch(row["module"])):
        yield f"{at}.module", "must be a GUID such as 11111111-2222-3333-4444-555555555555"
    elif not isinstance(row.get("returns"), str) or not isinstance(row.get("types", ""), str) or row.keys() - KFUNC_KEYS:
        yield at, f"must have args and returns, and may have {', '.join(sorted(KFUNC_KEYS - {'args', 'returns'}))}"
    else:
        yield from check_kfunc(at, row, {})


def _check_map_type(at: str, row: Table, types: object) -> Iterator[Problem]:
    if not _is_number(row.get("number")):
        yield f"{at}.number", "must be a number"
    helpers = row.get("helpers", [])
    if not isinstance(helpers, list) or not all(isinstance(each, str) for each in helpers):
        yield f"{at}.helpers", "must be a list of helper names"
    if not isinstance(row.get("sleepable", False), bool):
        yield f"{at}.sleepable", "must be true or false"
    for name in row["types"] if isinstance(row.get("types"), list) else [] if row.get("types") is None else [row["types"]]:
        if not isinstance(name, str) or not isinstance(types, dict) or name not in types:
            yield f"{at}.types", f"there is no program type {name!r}"
    yield from _check_special(f"{at}.fields", row.get("fields", []))


def _check_special(at: str, names: object) -> Iterator[Problem]:
    if not isinstance(names, list) or not all(isinstance(each, str) and each in SPECIAL_FIELDS for each in names):
        yield at, f"must be a list of special members: {', '.join(sorted(SPECIAL_FIELDS))}"


def _check_program_type(at: str, row: Table, contexts: Table, sets: object) -> Iterator[Problem]:
    if not _is_number(row.get("number")):
        yield f"{at}.number", "must be a number"
    context = row.get("context")
    if context is not None and (not isinstance(context, str) or context not in contexts):
        yield f"{at}.context", f"there is no context {context!r}"
        return
    if row.get("packet") not in {None, "link", "network", "transport"}:
        yield f"{at}.packet", "must be link, network or transport"
    if row.get("helpers", "") != "*":
        yield from _check_numbers(f"{at}.helpers", row.get("helpers", ""), sets)
    if "own_helpers" in row:
        yield from _check_helpers(f"{at}.own_helpers", row["own_helpers"])
    yield from _check_special(f"{at}.without_fields", row.get("without_fields", []))
    if not isinstance(row.get("stack_per_frame", False), bool):
        yield f"{at}.stack_per_frame", "must be true or false"
    if not isinstance(row.get("descriptor", ""), str):
        yield f"{at}.descriptor", "must be a name"
    yield from _check_returns(at, row)
    entries = contexts[context].get("fields") if context is not None and isinstance(contexts[context], dict) else ()
    known = {entry[0] for entry in entries or () if isinstance(entry, list) and entry}
    yield from _check_access(at, row, known)
    attach = row.get("attach_types", {})
    if not isinstance(attach, dict):
        yield f"{at}.attach_types", "must be an object"
        return
    for name, entry in attach.items():
        place = f"{at}.attach_types.{name}"
        if not isinstance(entry, dict) or not _is_number(entry.get("number")):
            yield place, "must have a number"
        else:
            yield from _check_access(place, entry, known)
            yield from _check_numbers(f"{place}.without_helpers", entry.get("without_helpers", ""), sets)
            yield from _check_returns(place, entry)


def _check_access(at: str, row: Table, known: set[object]) -> Iterator[Problem]:
    for key in ("unreadable", "writable"):
        names = row.get(key, [])
        if not isinstance(names, list):
            yield f"{at}.{key}", "must be a list of field names"
            continue
        for name in names:
            if name not in known and not (key == "writable" and name == "*"):
                yield f"{at}.{key}", f"the context has no field {name!r}"


def _check_returns(at: str, row: Table) -> Iterator[Problem]:
    found = row.get("return_range")
    if found is not None and not (isinstance(found, list) and len(found) == 2 and all(_is_number(each, -(1 << 31)) for each in found)):
        yield f"{at}.return_range", "must be [lowest, highest]"
    names = row.get("return_names", {})
    if not isinstance(names, dict) or not all(re.fullmatch(r"-?\d{1,10}", str(k)) and isinstance(v, str) for k, v in names.items()):
        yield f"{at}.return_names", "must map numbers to names"
