"""`bpfcc doctor`: what bpfcc found on this machine, what is missing, and the command that brings it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from bpfcc.cli.options import common
from bpfcc.errors import EXIT_OK, EXIT_UNSUPPORTED

if TYPE_CHECKING:
    from bpfcc.cli.screen import Screen
    from bpfcc.frontend.doctor import Check
    from bpfcc.program import Program

EPILOG = """\b
Examples:
  bpfcc doctor              a table, and what to install
  bpfcc doctor --json       the same for programs (schema bpfcc.doctor/1)

\b
Exit status: 3 where bpfcc cannot compile C or cannot run programs here, else 0.
Whatever else is missing takes one feature away; the table says which.
"""
SCHEMA: Final = "bpfcc.doctor/1"
# Without these nothing works.
ESSENTIAL: Final = frozenset({"python", "native library", "clang (in use)"})
MARKS: Final = {"ok": ("ok", "green"), "missing": ("missing", "bold red"), "warn": ("note", "yellow")}


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@common
def command(as_json: bool, screen: Screen) -> int:
    """Show what bpfcc found on this machine, and what is missing."""
    from bpfcc.frontend.doctor import diagnose

    with screen.busy("trying everything out"):
        checks = diagnose()
    checks += [isolation_check(), verifier_check(), cache_check(), signing_check()]
    if as_json:
        screen.line(json.dumps({"schema": SCHEMA, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        show(checks, screen)
    broken = [check.name for check in checks if check.status == "missing" and check.name in ESSENTIAL]
    return EXIT_UNSUPPORTED if broken else EXIT_OK


def isolation_check() -> Check:
    """How objects are kept from doing harm while they are read."""
    from bpfcc.frontend.doctor import Check
    from bpfcc.isolate import describe

    level, _, detail = describe().partition(": ")
    return Check("isolation", "ok" if level == "full" else "warn", f"{level}: {detail}")


def verifier_check() -> Check:
    """Whether a program can be judged as `bpfcc verify` does it."""
    from bpfcc.errors import BpfccError
    from bpfcc.frontend.doctor import Check
    from bpfcc.isolate.worker import choose_crew
    from bpfcc.judgement import engine_present
    from bpfcc.verification import verify

    if not engine_present():
        return Check("verifier", "warn", "this installation has none: programs run checked")
    try:
        found = verify(probe(), cache=None)
    except BpfccError as error:
        return Check("verifier", "warn", f"does not work: {error.message}")
    how = "forked" if type(choose_crew()).__name__ == "ForkedCrew" else "started afresh"
    return Check("verifier", "ok" if found.accepted else "warn", f"{found.status} a program; children are {how} on this system")


def probe() -> Program:
    """`r0 = 0; exit`."""
    from bpfcc.program import Program

    return Program.from_bytes(bytes.fromhex("b700000000000000" + "9500000000000000"), type="xdp")


def cache_check() -> Check:
    """Where verdicts are kept, or why they are not."""
    from bpfcc.frontend.doctor import Check
    from bpfcc.verdict_cache import ENVIRONMENT, VerdictCache, default_directory

    try:
        cache = VerdictCache(default_directory())
    except (OSError, RuntimeError) as error:
        return Check("verdict cache", "warn", f"not used: {error}", remedy=f"set {ENVIRONMENT} to a directory of your own (mode 700)")
    count, size = cache.contents()
    return Check("verdict cache", "ok", f"{count} verdicts, {size / 1e6:.1f} MB", path=str(cache.directory))


def signing_check() -> Check:
    """Whether `bpfcc image sign` works."""
    from bpfcc.compat.image.signing import SIGN_TOOL, tool
    from bpfcc.frontend.doctor import Check

    path = tool(SIGN_TOOL)
    if path is None:
        return Check(SIGN_TOOL, "warn", "not here: native images for Windows cannot be signed", remedy=f"apt-get install {SIGN_TOOL}")
    return Check(SIGN_TOOL, "ok", "signs native images for Windows", path=path)


def show(checks: list[Check], screen: Screen) -> None:
    """The table, then what can be done."""
    from rich.text import Text

    rows = []
    for check in checks:
        mark, style = MARKS[check.status]
        detail = check.detail if check.path is None or not screen.verbose else f"{check.detail}\n{check.path}"
        rows.append([Text(mark, style=style), check.name, short_version(check.version), detail])
    screen.table([("", "left"), ("what", "left"), ("version", "left"), ("found", "left")], rows)
    remedies = [check for check in checks if check.remedy is not None and check.status != "ok"]
    if remedies:
        screen.line("What would help:")
        for check in remedies:
            screen.line(f"  {check.name}: {check.remedy}")
    if not any(check.status == "missing" for check in checks):
        screen.line("Everything that bpfcc needs is here.")


def short_version(version: str | None) -> str:
    """`clang version 22.1.8 (https://…)` is 22.1.8."""
    if version is None:
        return ""
    words = version.split()
    return words[words.index("version") + 1] if "version" in words[:-1] else version
