"""Reading platform files: JSON or TOML, and what is wrong with a user's own.

read_table("linux")            the shipped table
read_table("router.toml")      checked entry by entry: `router.toml: helpers[3].args[1]: unknown argument kind 'memory'`

A file with `"extends": "windows"` has what it adds or changes, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from bpfcc.errors import InputError

# Parsed JSON; its shape is what `check_table` looks at.
Table: TypeAlias = dict[str, Any]

SCHEMA: Final = "bpfcc.platform/1"
SHIPPED: Final = ("linux", "windows")
FOLDER: Final = Path(__file__).parent
MAX_FILE_BYTES: Final = 4 << 20


def read_table(reference: str) -> tuple[Table, str | None]:
    """The table of a shipped platform or of a file, and the file's name where it is a user's. Raises InputError."""
    if reference in SHIPPED:
        shipped: Table = json.loads((FOLDER / f"{reference}.json").read_bytes())
        return shipped, None
    path = Path(reference)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise InputError(f"a platform file has at most {MAX_FILE_BYTES} bytes", file=reference)
    except OSError as error:
        known = ", ".join(SHIPPED)
        raise InputError(f"no platform {reference!r}: choose one of {known} or give a file ({error.strerror})") from error
    return _parse(path, raw, reference), reference


def _parse(path: Path, raw: bytes, reference: str) -> Table:
    # Only a user's own file needs these.
    import tomllib

    from bpfcc.runtime.specs.check import check_table

    try:
        table: Table = tomllib.loads(raw.decode()) if path.suffix == ".toml" else json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a platform file: {error}", file=reference) from error
    if isinstance(table, dict) and "extends" in table:
        table = _extended(table, reference)
    for where, what in check_table(table):
        raise InputError(f"{where}: {what}" if where else what, file=reference)
    if table["name"] in SHIPPED:
        # Verdicts name the platform whose rules they are by.
        raise InputError(f"name: {table['name']!r} is the platform that comes with bpfcc; give this one a name of its own", file=reference)
    return table


def _extended(table: Table, reference: str) -> Table:
    """A table that says only what it has besides a shipped one, or instead."""
    base = table["extends"]
    if base not in SHIPPED:
        raise InputError(f"extends: must be {' or '.join(SHIPPED)}", file=reference)
    merged: Table = _merged(read_table(base)[0], {key: value for key, value in table.items() if key != "extends"})
    return merged


def _merged(base: Any, other: Any) -> Any:
    """Objects entry by entry, helpers by their ids; everything else as the other one has it."""
    if isinstance(base, dict) and isinstance(other, dict):
        return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in other.items()}}
    if _are_helpers(base) and _are_helpers(other):
        return list({row["id"]: row for row in (*base, *other)}.values())
    return other


def _are_helpers(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in rows)


@cache
def attach_arguments() -> Mapping[str, Mapping[str, Mapping[str, Sequence[int]]]]:
    """ "tracepoints" and "iterators" -> name -> "null", "error" or "plain" -> indices of such arguments."""
    rows: Mapping[str, Mapping[str, Mapping[str, Sequence[int]]]] = json.loads((FOLDER / "arguments_linux.json").read_bytes())
    return rows
