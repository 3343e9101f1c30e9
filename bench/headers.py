"""Our own headers against this machine's: which units compile with either, and whether programs come out with the same instructions.

    python bench/headers.py DIRECTORY[=FLAGS]... [--list] [--jobs N]

The machine needs Linux's headers and libbpf's (Debian: linux-libc-dev, libbpf-dev). FLAGS is a file as bench/corpus.py has it. Our side
opens no header but ours, the compiler's and the project's: `--list` names any other; the machine's side opens none of ours. Instructions
are compared with all their fields but the immediates of references (to maps, data, functions), which the linker numbers.
"""

# ruff: noqa: E402 - the checkout goes on the path first
from __future__ import annotations

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.corpus import find_units, read_rules
from bpfcc.errors import BpfccError
from bpfcc.frontend.clang import compile_c, our_include_dir
from bpfcc.frontend.elf import ElfFile
from bpfcc.frontend.objects import load
from bpfcc.frontend.toolchain import find_toolchain

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE_MARK: Final = re.compile(rb'^# \d+ "([^"<]+)"', re.MULTILINE)
LDDW: Final = 0x18
Shapes = dict[str, list[bytes]]


@dataclass
class Outcome:
    """One unit: which headers it compiles with, what its programs do with both, and which files it should not have seen."""

    unit: str
    machine: str | None = None  # the first error
    own: str | None = None
    unread: str | None = None
    same: int = 0
    differ: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


def shape(code: bytes) -> list[bytes]:
    """Each instruction; references without what they refer to."""
    slots = [code[at : at + 8] for at in range(0, len(code), 8)]
    for at, slot in enumerate(slots):
        if slot[0] == LDDW and slot[1] >> 4:
            slots[at], slots[at + 1] = slot[:4], slots[at + 1][:4]
    return slots


def shapes(data: bytes) -> Shapes:
    """Each program, linked; of an object that waits for others to be linked with it, each section of code as it is."""
    try:
        return {name: shape(program.bytecode.code) for name, program in load(data).programs.items()}
    except BpfccError:
        elf = ElfFile(data)
        return {section.name: shape(elf.contents(section)) for section in elf.sections if section.executable and section.size}


def opened(source: Path, flags: list[str], *, system: bool) -> set[Path]:
    text = compile_c(source, extra=flags, emit="preprocessed", system_headers=system).output
    return {Path(name.decode()).resolve() for name in LINE_MARK.findall(text)}


def within(path: Path, places: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place.resolve()) for place in places)


def try_unit(directory: Path, unit: tuple[str, list[str], list[str]]) -> Outcome:
    name, machine_flags, own_flags = unit
    outcome, source = Outcome(name), directory / name
    allowed = (directory, our_include_dir(), find_toolchain().include_dir or directory)
    objects: list[bytes] = []
    try:
        objects.append(compile_c(source, extra=machine_flags, system_headers=True).object)
        lent = sorted(str(path) for path in opened(source, machine_flags, system=True) if within(path, [our_include_dir()]))
        outcome.machine = f"not without {lent[0]}" if lent else None
    except BpfccError as error:
        outcome.machine = str(error)
    try:
        objects.append(compile_c(source, extra=own_flags).object)
        outcome.foreign = sorted(str(path) for path in opened(source, own_flags, system=False) if not within(path, allowed))
    except BpfccError as error:
        outcome.own = str(error)
    try:
        compare(outcome, *map(shapes, objects))
    except BpfccError as error:
        outcome.unread = str(error)
    return outcome


def compare(outcome: Outcome, machine: Shapes | None = None, own: Shapes | None = None) -> None:
    """Programs by name; one that only one side has differs."""
    if machine is None or own is None or outcome.machine is not None:
        return
    for program in sorted(machine.keys() | own.keys()):
        theirs, ours = machine.get(program), own.get(program)
        outcome.same += theirs == ours
        if theirs != ours:
            outcome.differ.append(f"{outcome.unit}: {program}: {len(theirs or ())} and {len(ours or ())} instructions")


def measure(directory: Path, flags: Path | None, jobs: int) -> list[Outcome]:
    rules = read_rules(flags, directory)
    machine, own = (find_units(directory, rules, side) for side in ("machine", "own"))
    units = [(name, machine[name], own[name]) for name in own if name in machine]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(partial(try_unit, directory), units))


def summary(name: str, outcomes: list[Outcome]) -> str:
    machine, own = sum(o.machine is None for o in outcomes), sum(o.own is None for o in outcomes)
    both = sum(o.own is None and o.machine is None for o in outcomes)
    same, differ = sum(o.same for o in outcomes), sum(len(o.differ) for o in outcomes)
    return f"{name:18} {len(outcomes):5} units {machine:5} machine {own:5} own {both:5} both; programs {same:5} same {differ:4} differ"


def details(outcome: Outcome) -> list[str]:
    errors = {"machine": outcome.machine, "own": outcome.own, "object": outcome.unread}
    failed = [f"{outcome.unit}: {kind}: {error}" for kind, error in errors.items() if error]
    return [*failed, *outcome.differ, *(f"{outcome.unit}: opens {path}" for path in outcome.foreign)]


def main() -> None:
    """Print a line for each directory, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="+", help="DIRECTORY or DIRECTORY=FLAGS")
    parser.add_argument("--list", action="store_true", help="name what fails, what differs, and files that should not be opened")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    everything: list[Outcome] = []
    for argument in arguments.directory:
        directory, _, flags = argument.partition("=")
        place = Path(directory).resolve()
        outcomes = measure(place, Path(flags) if flags else None, arguments.jobs)
        everything += outcomes
        print(summary(place.name, outcomes), flush=True)
        for line in (text for outcome in outcomes for text in details(outcome)) if arguments.list else ():
            print("   ", line)
    print(summary("all", everything))


if __name__ == "__main__":
    main()
