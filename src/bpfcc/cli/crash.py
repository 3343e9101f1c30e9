"""What the user sees when bpfcc itself is wrong: what happened, how to report it, and exit status 70.

bpfcc: this is a bug in bpfcc: KeyError: 'frame'
  in bpfcc/bpfir/lift.py, line 120 ...
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import traceback
from typing import TYPE_CHECKING, Final, NoReturn

from bpfcc.errors import EXIT_INTERNAL

if TYPE_CHECKING:
    from types import TracebackType

ENVIRONMENT: Final = "BPFCC_TRACEBACK"


def wants_traceback() -> bool:
    """Whether the user asked for it: `-v -v`, `-vv`, or the environment variable."""
    count = sum(len(a) - 1 for a in sys.argv[1:] if a.startswith("-v") and set(a[1:]) == {"v"}) + sys.argv[1:].count("--verbose")
    return count >= 2 or os.environ.get(ENVIRONMENT, "") not in {"", "0"}


def report_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> NoReturn:
    """`sys.excepthook`: say it, and end with status 70. (The interpreter's own hook ends with 1, which means a rejected program.)"""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(crash_text(kind, error, trace))
        sys.stderr.flush()
    os._exit(EXIT_INTERNAL)


def crash_text(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """The message; with the traceback where the user wants it."""
    from bpfcc import __version__

    lines = [f"bpfcc: this is a bug in bpfcc: {kind.__name__}: {error}"]
    frames = traceback.extract_tb(trace)
    if frames:
        lines.append(f"  in {frames[-1].filename}, line {frames[-1].lineno}, {frames[-1].name}")
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    lines.append(f"  Please report it with the command line, the input and these lines: bpfcc {__version__}, {system}.")
    if wants_traceback():
        lines.append("".join(traceback.format_exception(kind, error, trace)).rstrip())
    else:
        lines.append(f"  For the traceback, run it again with -v -v or {ENVIRONMENT}=1.")
    return "\n".join(lines) + "\n"
