"""Options of compiling in an image's record: what means the same on every machine is written, and read again for `image check --against`.

    options_of(reading)                            {"opt": "2", "mcpu": "v3", "define": ("LIMIT=7",), "type": ("xdp",)}
    reading_of(record, reading, frozenset())       a Reading with these, and with what the caller gives in their place

Directories, compilers and files of kernel types are not written: they have paths, and are for the caller to give again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bpfcc.cli.options import Reading
    from bpfcc.compat.image.record import Option, Record

COMPILING: Final = ("opt", "mcpu")
DEFINE: Final = "define"
TYPE: Final = "type"
SYSTEM_HEADERS: Final = "system_headers"
# A macro's name ends there.
AFTER_NAME: Final = re.compile(r"[=(]")


def options_of(reading: Reading, *, compiled: bool) -> dict[str, Option]:
    """What the record has; nothing about compiling where an object was given."""
    found: dict[str, Option] = {}
    if compiled:
        found = {name: reading.compile_options[name] for name in COMPILING}
        if reading.compile_options["defines"]:
            found[DEFINE] = tuple(reading.compile_options["defines"])
        if reading.compile_options["system_headers"]:
            found[SYSTEM_HEADERS] = True
    if reading.types:
        found[TYPE] = tuple(f"{place}={name}" if place else name for place, name in reading.types.items())
    return found


def reading_of(record: Record, reading: Reading, given: frozenset[str]) -> Reading:
    """The caller's options, and the record's where he says nothing. `given`: which of those that have a default he gave."""
    options = record.options
    told: dict[str, object] = {name: options[name] for name in COMPILING if isinstance(options.get(name), str) and name not in given}
    if options.get(SYSTEM_HEADERS) is True:
        told[SYSTEM_HEADERS] = True
    told["defines"] = merged(texts(options, DEFINE), reading.compile_options["defines"])
    types = dict(typed(text) for text in texts(options, TYPE))
    return replace(reading, compile_options=reading.compile_options | told, types=types | reading.types)


def merged(recorded: Iterable[str], given: Iterable[str]) -> tuple[str, ...]:
    """Definitions: given ones take the place of those of the same name."""
    given = tuple(given)
    names = {macro(text) for text in given}
    return (*(text for text in recorded if macro(text) not in names), *given)


def macro(text: str) -> str:
    """The name in `NAME=VALUE` or `NAME(x)=VALUE`."""
    return AFTER_NAME.split(text, maxsplit=1)[0].strip()


def typed(text: str) -> tuple[str, str]:
    """`SECTION=TYPE` or `TYPE` in two parts."""
    place, _, name = text.rpartition("=")
    return place, name


def texts(options: Mapping[str, Option], name: str) -> tuple[str, ...]:
    """A list of the record; empty where there is none, as in older ones."""
    found = options.get(name)
    return found if isinstance(found, tuple) else ()


def described(record: Record) -> str:
    """What of the record a reader has to know to judge the answer: it changes what the source means. "" for nothing."""
    parts = [f"-D {text}" for text in texts(record.options, DEFINE)] + [f"--type {text}" for text in texts(record.options, TYPE)]
    return " ".join(parts + (["--system-headers"] if record.options.get(SYSTEM_HEADERS) is True else []))
