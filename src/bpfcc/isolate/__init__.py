"""Reading untrusted objects in a child that can do nothing else.

from bpfcc.isolate import ReadRequest, check_object
check_object(ReadRequest(data, file="filter.o"))      raises what the child found wrong, or what became of the child

fork.py     a confined copy of this process (Linux)          confine.py   limits: memory, time, files
spawn.py    a fresh process (threads, Windows, macOS)        seccomp.py   no system calls but a few
reader.py   what the child does                              wire.py      its answer, and how it is checked
"""

from __future__ import annotations

from bpfcc.isolate.confine import Limits, describe
from bpfcc.isolate.reader import ReadRequest, check_object

__all__ = ["Limits", "ReadRequest", "check_object", "describe"]
