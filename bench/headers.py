"""Our own headers against this machine's: which units compile with either, and whether programs come out with the same instructions.

    python bench/headers.py DIRECTORY [--flags FILE] [--list]

The machine needs Linux's headers and libbpf's (Debian: linux-libc-dev, libbpf-dev). FILE as bench/corpus.py has it. Instructions are
compared without their immediates, in which map numbers and relocations stand.
"""

# ruff: noqa: E402 - the checkout goes on the path first
from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.corpus import find_units, read_rules
from bpfcc.errors import BpfccError
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.objects import load

Shapes = dict[str, list[bytes]]


def shapes(source: Path, flags: list[str], *, system: bool) -> Shapes | None:
    """The instructions of each program, without their immediates; None where the unit does not compile."""
    try:
        found = load(compile_c(source, extra=flags, system_headers=system).object).programs
        codes = {name: program.bytecode.code for name, program in found.items()}
    except BpfccError:
        return None
    return {name: [code[at : at + 4] for at in range(0, len(code), 8)] for name, code in codes.items()}


def main() -> None:
    """Print the counts, and what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--flags", type=Path)
    parser.add_argument("--list", action="store_true", help="name the programs that differ")
    arguments = parser.parse_args()
    units = find_units(arguments.directory, read_rules(arguments.flags, arguments.directory))
    theirs, ours, missing, same, differ = 0, 0, [], 0, []
    for unit, flags in units.items():
        system, own = (shapes(arguments.directory / unit, flags, system=choice) for choice in (True, False))
        theirs, ours = theirs + (system is not None), ours + (own is not None)
        if system is not None and own is None:
            missing.append(unit)
        for name, shape in (system or {}).items():
            if own is not None and name in own:
                same += own[name] == shape
                if own[name] != shape:
                    differ.append(f"{unit}: {name}: {len(shape)} and {len(own[name])} instructions")
    print(f"{len(units)} units: {theirs} compile with the machine's headers, {ours} with our own")
    print(f"only with the machine's: {', '.join(missing) or 'none'}")
    print(f"{same + len(differ)} programs with both: {same} have the same instructions, {len(differ)} differ")
    for line in differ if arguments.list else ():
        print(line)


if __name__ == "__main__":
    main()
