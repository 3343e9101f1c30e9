"""The `bpfcc` command.

    bpfcc run firewall.bpf.c --pcap traffic.pcap

This module is what starts: it answers `--version` alone, and imports the rest only when there is something to do.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import TracebackType


INTERRUPTED: Final = 130


def main() -> NoReturn:
    """Entry point of the command; ends the process with the exit status of docs/cli.md."""
    # What nothing else handles is a bug; a hook, so that no handler of ours can hide one.
    sys.excepthook = on_crash
    fill_streams()
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from bpfcc import __version__

        sys.stdout.write(f"bpfcc {__version__}\n")
        sys.exit(0)
    # Start-up makes many objects that all stay: collecting them again and again is a tenth of it.
    gc.set_threshold(100_000, 20, 20)
    from bpfcc.cli.app import run

    leave(run(arguments))


def leave(status: int) -> NoReturn:
    """End at once: to take every object apart first is a tenth of a short command's time."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)


def fill_streams() -> None:
    """Give standard streams that the caller closed the null device, before a file of ours gets their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - it stays open as long as the process


def on_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook`: what it prints is imported only now."""
    if issubclass(kind, KeyboardInterrupt):
        # Before or after the part of the command that handles it.
        sys.stderr.write("\nbpfcc: interrupted\n")
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    from bpfcc.cli.crash import report_crash

    report_crash(kind, error, trace)
