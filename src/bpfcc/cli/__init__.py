"""The `bpfcc` command.

    bpfcc run firewall.bpf.c --pcap traffic.pcap

This module is what starts: it answers `--version` alone, and imports the rest only when there is something to do.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Entry point of the command; ends the process with the exit status of docs/cli.md."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from bpfcc import __version__

        sys.stdout.write(f"bpfcc {__version__}\n")
        sys.exit(0)
    from bpfcc.cli.app import run
    from bpfcc.cli.crash import report_crash

    # What nothing else handles is a bug; a hook, so that no handler of ours can hide one.
    sys.excepthook = report_crash
    sys.exit(run(arguments))
