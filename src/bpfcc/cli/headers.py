"""`bpfcc headers`: headers made on demand from kernel types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpfcc.cli.options import PATH, common

if TYPE_CHECKING:
    from bpfcc.cli.screen import Screen

EPILOG = """\b
Examples:
  bpfcc headers vmlinux -o vmlinux.h                   types of the kernel that runs here
  bpfcc headers vmlinux --btf vmlinux.btf > vmlinux.h  of the kernel with these types (raw BTF or ELF)

\b
bpfcc brings the common kernel headers and a compact vmlinux.h of its own:
most programs need none of this.
"""


@click.command(epilog=EPILOG)
@click.argument("which", type=click.Choice(["vmlinux"]))
@click.option("--btf", "btf", type=PATH, metavar="FILE", help="A kernel's types (default: this kernel's).")
@click.option("-o", "--output", type=PATH, metavar="OUT", help="Output file (default: standard output).")
@common
def command(which: str, btf: Path | None, output: Path | None, screen: Screen) -> int:
    """Print a header made from kernel types; `vmlinux` is every type of a kernel."""
    from bpfcc.compat.headers import vmlinux_header

    with screen.busy(f"writing {which}.h"):
        text = vmlinux_header(btf)
    if output is None:
        screen.line(text.rstrip("\n"))
        return 0
    from bpfcc.frontend.clang import write_atomically

    write_atomically(output, text.encode())
    screen.note(f"wrote {output} ({len(text)} bytes)")
    return 0
