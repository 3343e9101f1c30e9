"""What of public trees ports to Windows, and whether what ports does there what it does on Linux.

    python bench/ports.py DIR[=FLAGS]… [--packets 1000] [--wine] [--list]

Of each program: the porting report's verdict. Those that the rules of Windows accept run on random packets (or contexts, where they get
none), as they are and rewritten, with the same maps: return values by name, packets, maps and events are compared. With `--wine` they are
built as libraries, too, and run under wine, and values, contexts, packets and maps are compared with the rewritten IR's. FLAGS as
bench/corpus.py has it.
"""

# ruff: noqa: E402 - the checkout goes on the path first
from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.corpus import find_units, read_rules
from bpfcc.compat.report import make_report
from bpfcc.errors import BpfccError
from bpfcc.execution import prepare
from bpfcc.frontend.clang import compile_c
from bpfcc.native_images import ImageRequest, build_image, emit_image, held_maps, judged_for_windows, native_program
from bpfcc.pipeline import Source, open_object
from bpfcc.porting import port, rewritten
from bpfcc.runtime.hooks import verdict
from bpfcc.runtime.maps.keyed import KeyedMap
from bpfcc.runtime.options import RunOptions
from tests.windows.building import Made, packets
from tests.windows.here import pairs_of, run_type
from tests.windows.test_wine import compare
from tests.windows.wine import Run, run_library

if TYPE_CHECKING:
    from bpfcc.execution import Executable
    from bpfcc.program import Object, Program

OPTIONS: Final = RunOptions(clock_ns=1_000_000_000)
# Entries of each map that programs find.
ENTRIES: Final = 4
# Larger maps are not compared, and what has such is not run under wine, where every entry is printed.
MOST_ENTRIES: Final = 1 << 18


class Tried(NamedTuple):
    """A program: its porting verdict, and what came of comparing (None: it was not)."""

    name: str
    verdict: str
    agrees: bool | None = None
    text: str = ""


def fill(executables: list[Executable], rng: random.Random) -> None:
    """The same entries for both, where their maps have the same shape."""
    linux, there = executables
    for name, made in linux.maps.items():
        other = there.maps.get(name)
        if isinstance(made, KeyedMap) and isinstance(other, KeyedMap) and made.type in ("hash", "array", "lru_hash", "percpu_array"):
            for at in range(min(ENTRIES, made.spec.max_entries)) if made.spec.initial is None else ():
                key = at.to_bytes(made.spec.key_size, "little")
                value = rng.randbytes(made.spec.value_size)
                for each in (made, other):
                    each.write_bytes(key, value)


def differing(program: Program, frames: list[bytes]) -> str:
    """What is not the same on Windows; "" where everything is."""
    there = rewritten(program)
    with prepare(program, "llvm", options=OPTIONS) as linux, prepare(there, "llvm", options=OPTIONS) as windows:
        fill([linux, windows], random.Random(7))
        for at, frame in enumerate(frames):
            before, after = (each.run(frame) if each.takes_packets else each.run(context={}) for each in (linux, windows))
            names = [verdict(exe.platform, exe.type, each.return_value) for exe, each in ((linux, before), (windows, after))]
            # Windows has no aborted packets: they are dropped.
            if {"abort": "drop"}.get(names[0].disposition, names[0].disposition) != names[1].disposition:
                return f"packet {at}: {names[0].name} on Linux, {names[1].name} on Windows"
            if before.packet != after.packet:
                return f"packet {at} is another one afterwards"
        for name, made in linux.maps.items():
            if (
                made.spec.max_entries <= MOST_ENTRIES
                and name in windows.maps
                and sorted(pairs_of(made)) != sorted(pairs_of(windows.maps[name]))
            ):
                return f"map {name}"
    return ""


def comparable(program: Program) -> bool:
    """Whether its maps, but for rings, are of a size that can be looked at whole."""
    return all(spec.max_entries <= MOST_ENTRIES or spec.type == "ringbuf" for spec in program.maps)


def differing_under_wine(obj: Object, program: Program, frames: list[bytes]) -> str:
    """What the library does otherwise than the rewritten IR; "" where nothing is."""
    found = judged_for_windows([program])
    native = emit_image(found, ImageRequest(Path(obj.file or "program.c").name, "dll", "x86_64", "linux"))
    made = Made(obj, [native_program(each) for each in found], native, held_maps(found))
    types = [run_type(each) for each in made.programs]
    runs = [Run(program.name, bytes(types[0].context_bytes), frame if types[0].packet else b"") for frame in frames]
    try:
        with tempfile.TemporaryDirectory() as folder:
            session = run_library(Path(folder), build_image(native.text, "dll", "x86_64"), types, runs)
        compare(made, session, runs, backend="llvm", checked=False)
    except AssertionError as error:
        return f"under wine: {(str(error).splitlines() or ['another result'])[0]}"
    return ""


def try_program(name: str, obj: Object, program: Program, frames: list[bytes], *, wine: bool) -> Tried:
    """Port, and run where there is something to run."""
    ported = port(program)
    outcome = make_report(name, [ported]).verdict
    if ported.verdict is None or not ported.verdict.accepted:
        missing = sorted({entry.name for entry in ported.absent})
        codes = sorted({each.code for each in ported.verdict.findings if each.level == "error"}) if ported.verdict is not None else []
        return Tried(name, outcome, text=", ".join([*missing, *codes]))
    try:
        text = differing(program, frames) or (differing_under_wine(obj, program, frames) if wine and comparable(program) else "")
    except BpfccError as error:
        return Tried(name, outcome, text=f"not run: {error}")
    told = ", ".join(entry.name for entry in ported.differences)
    return Tried(name, outcome, not text, f"{text} (told: {told or 'nothing'})" if text else "")


def try_unit(directory: Path, unit: str, flags: list[str], frames: list[bytes], *, wine: bool) -> list[Tried]:
    """Every program of a unit; none where it does not compile."""
    try:
        source = Source(unit, compile_c(directory / unit, extra=flags).object)
        obj = open_object(source, isolated=False, lift=False)
    except BpfccError:
        return []
    found = []
    for key, program in obj.programs.items():
        if program.type is None:
            continue
        try:
            found.append(try_program(f"{unit}: {key}", obj, program, frames, wine=wine))
        except BpfccError as error:
            found.append(Tried(f"{unit}: {key}", "cannot be read", text=str(error)))
    return found


def main() -> None:
    """Print a line for each tree, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="DIR[=FLAGS]")
    parser.add_argument("--packets", type=int, default=1000)
    parser.add_argument("--wine", action="store_true")
    parser.add_argument("--list", action="store_true", help="name the programs that do not port, or do something else")
    arguments = parser.parse_args()
    frames = packets(arguments.packets, 11)
    everything: list[Tried] = []
    for tree in arguments.trees:
        directory, _, flags = tree.partition("=")
        rules = read_rules(Path(flags) if flags else None, Path(directory))
        found = [
            each
            for unit, given in find_units(Path(directory), rules).items()
            for each in try_unit(Path(directory), unit, given, frames, wine=arguments.wine)
        ]
        print(f"{directory}: {summary(found)}", flush=True)
        for each in found if arguments.list else ():
            if each.agrees is not True:
                print(f"  {each.name}: {each.verdict}: {each.text}")
        everything += found
    print(f"all: {summary(everything)}")


def summary(found: list[Tried]) -> str:
    """How many of which verdict, and how many of those that ran agree."""
    counts: Any = Counter(each.verdict for each in found)
    ran = [each for each in found if each.agrees is not None]
    verdicts = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{len(found)} programs ({verdicts}); {sum(bool(each.agrees) for each in ran)} of {len(ran)} agree"


if __name__ == "__main__":
    main()
