"""The `bpfcc` command.

    bpfcc run firewall.bpf.c --pcap traffic.pcap

This module is what starts: it answers `--version` alone, and imports the rest only when there is something to do.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import TracebackType


def main() -> NoReturn:
    """Entry point of the command; ends the process with the exit status of docs/cli.md."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from bpfcc import __version__

        sys.stdout.write(f"bpfcc {__version__}\n")
        sys.exit(0)
    # Start-up makes many objects that all stay: collecting them again and again is a tenth of it.
    gc.set_threshold(100_000, 20, 20)
    from bpfcc.cli.app import run

    # What nothing else handles is a bug; a hook, so that no handler of ours can hide one.
    sys.excepthook = on_crash
    sys.exit(run(arguments))


def on_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook`: what it prints is imported only now."""
    from bpfcc.cli.crash import report_crash

    report_crash(kind, error, trace)
