"""Ctrl-C while a program runs in native code.

    with interruptible() as flag:       runs that look at `flag` end at a Ctrl-C; KeyboardInterrupt comes right after

Python's own handler has to wait until native code returns. A signal also writes a byte to the wakeup socket at once: a thread
that waits there sets the flag, the run ends, and then the handler gets its turn.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from ctypes import c_int32
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket


@contextmanager
def interruptible() -> Iterator[c_int32]:
    """A flag that is set at SIGINT. The thread that sets it ends with the block."""
    from socket import socketpair

    flag = c_int32(0)
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    ours, theirs = socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        watcher = threading.Thread(target=watch, args=(ours, flag), daemon=True)
        before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        watcher.start()
        try:
            yield flag
        finally:
            signal.set_wakeup_fd(before)
            theirs.send(b"\0")
            watcher.join()


def watch(ours: socket, flag: c_int32) -> None:
    """Wait for signals; byte 0 is the end."""
    while (number := ours.recv(1)) and number != b"\0":
        if number[0] == signal.SIGINT:
            flag.value = 1
