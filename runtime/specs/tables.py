"""Reading platform files: JSON or TOML, and what is wrong with a user's own.

read_table("linux")            the shipped table
read_table("router.toml")      checked entry by entry: `router.toml: helpers[3].args[1]: unknown argument kind 'memory'`
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
    for where, what in check_table(table):
        raise InputError(f"{where}: {what}" if where else what, file=reference)
    return table


@cache
def attach_arguments() -> Mapping[str, Mapping[str, Mapping[str, Sequence[int]]]]:
    """ "tracepoints" and "iterators" -> name -> "null", "error" or "plain" -> indices of such arguments."""
    rows: Mapping[str, Mapping[str, Mapping[str, Sequence[int]]]] = json.loads((FOLDER / "arguments_linux.json").read_bytes())
    return rows
