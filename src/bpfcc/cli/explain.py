"""`bpfcc explain`: what the code of a finding means, with a program that gets it and what to do."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click

from bpfcc.cli.options import common
from bpfcc.errors import EXIT_OK, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.cli.screen import Screen

EPILOG = """\b
Examples:
  bpfcc explain V011        why it matters, a program that gets it, and what to do
  bpfcc explain             every code, with its class and whether it rejects
  bpfcc explain --json      the same for programs (schema bpfcc.explain/1)

\b
`bpfcc verify --deny CLASS` and `--warn CLASS` change what a class does.
"""
SCHEMA: Final = "bpfcc.explain/1"
PLATFORMS: Final = ("linux", "windows")
WIDTH: Final = 100


@click.command(epilog=EPILOG)
@click.argument("codes", metavar="[CODE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@common
def command(codes: tuple[str, ...], as_json: bool, screen: Screen) -> int:
    """Explain findings: why they matter, an example, and the remedy."""
    from bpfcc.verifier.codes import CODES

    known = list(dict.fromkeys(known_code(given) for given in codes))
    if as_json:
        records = [record(code) for code in known or CODES]
        screen.line(json.dumps({"schema": SCHEMA, "codes": records}, indent=2, ensure_ascii=False))
    elif known:
        for number, code in enumerate(known):
            for line in [*([""] if number else []), *explanation(code, screen)]:
                screen.line(line)
    else:
        show_list(screen)
    return EXIT_OK


def known_code(given: str) -> str:
    """The code that is meant; InputError with what comes near."""
    import difflib

    from bpfcc.verifier.codes import CODES

    code = given.upper()
    if code in CODES:
        return code
    of_class = [row.code for row in CODES.values() if row.finding_class == given.lower()]
    near = of_class or difflib.get_close_matches(code, CODES, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`bpfcc explain` lists them"
    raise InputError(f"no finding has the code {given!r}; {hint}")


def levels(code: str) -> dict[str, str]:
    """What the code does where nobody says otherwise, by platform."""
    from bpfcc.runtime.specs import load_platform
    from bpfcc.verifier.codes import CODES

    return {name: load_platform(name).levels.get(CODES[code].finding_class, "error") for name in PLATFORMS}


def levels_text(code: str) -> str:
    """`error`, or `warning (error on windows)`."""
    found = levels(code)
    first = found[PLATFORMS[0]]
    others = "".join(f" ({level} on {name})" for name, level in found.items() if level != first)
    return f"{first}{others}"


def record(code: str) -> dict[str, Any]:
    """One code as JSON has it."""
    from bpfcc.verifier.catalogue import ENTRIES
    from bpfcc.verifier.codes import CODES

    entry, kind = ENTRIES[code], CODES[code]
    return {
        "code": code, "class": kind.finding_class, "title": kind.title, "levels": levels(code), "why": entry.why, "remedy": entry.remedy,
        "language": entry.language, "example": entry.example, "fixed": entry.fixed, "notes": list(entry.notes),
    }  # fmt: skip


def show_list(screen: Screen) -> None:
    """Every code in one table."""
    from bpfcc.verifier.codes import CODES

    rows = [[code, row.finding_class, levels_text(code), row.title] for code, row in CODES.items()]
    screen.table([("code", "left"), ("class", "left"), ("default", "left"), ("finding", "left")], rows)


def explanation(code: str, screen: Screen) -> Iterator[str]:
    """One code in full."""
    from bpfcc.verifier.catalogue import ENTRIES
    from bpfcc.verifier.codes import CODES

    entry, kind = ENTRIES[code], CODES[code]
    yield f"{screen.style(code, 'error')}: {screen.style(kind.title, 'bold')}"
    yield f"class {kind.finding_class}, by default {levels_text(code)}"
    yield from paragraph(entry.why)
    yield from program("For example", entry.example, screen)
    yield ""
    yield screen.style("What to do", "title")
    yield from paragraph(entry.remedy, first=False)
    yield from program("Then it is accepted", entry.fixed, screen)
    for note in entry.notes:
        yield from paragraph(note)


def paragraph(text: str, *, first: bool = True) -> Iterator[str]:
    """Text in lines of a readable width, after an empty one."""
    if first:
        yield ""
    yield from textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def program(heading: str, text: str, screen: Screen) -> Iterator[str]:
    """A heading and an indented program."""
    yield ""
    yield screen.style(heading, "title")
    yield from (f"    {line}".rstrip() for line in text.rstrip("\n").split("\n"))
