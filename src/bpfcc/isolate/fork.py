"""Do some work in a confined copy of this process (Linux).

    run_forked(lambda: {"answer": 42}, Limits())      b'{"answer": 42}'

A fork costs about a millisecond and sees everything that is imported here, so that the child needs no file. It must not be
used in a process with threads: a lock that another thread holds would stay locked in the child for ever.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bpfcc.errors import BpfccError, InputError, InternalError
from bpfcc.isolate.confine import Confinement, Limits
from bpfcc.isolate.wire import error_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHUNK_BYTES: Final = 1 << 16
REPORT_CHARS: Final = 20_000


def can_fork() -> bool:
    """Whether a fork is safe: Linux, and no thread besides this one, Python's or not."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


def run_forked(work: Callable[[], Any], limits: Limits, *, file: str | None = None, meanwhile: Callable[[], None] | None = None) -> bytes:
    """The JSON text of what `work()` returns in a confined child, or of the error it raised (`wire.error_record`).

    Nothing is believed about it: it may be rubbish. InputError: too slow, too large, ended by a signal. `meanwhile` is what this
    process has to do anyway.
    """
    reader, writer = os.pipe()

    def serve() -> None:
        send(writer, answer_of(work))

    child = start_child(serve, Confinement(writer, limits), (writer,))
    os.close(writer)
    try:
        if meanwhile is not None:
            meanwhile()
        answer = receive(reader, limits, file=file)
        _, status = os.waitpid(child, 0)
        child = 0
    finally:
        os.close(reader)
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise ended_by_signal(os.WTERMSIG(status), limits, file)
    return answer


def start_child(
    serve: Callable[[], None], confinement: Confinement, keep: Sequence[int], *, prepare: Callable[[], None] | None = None
) -> int:
    """Fork a child that keeps the descriptors `keep`, prepares, is confined, serves and ends; its process id."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _in_child(serve, confinement, keep, parent, prepare)
    return child


def _in_child(
    serve: Callable[[], None], confinement: Confinement, keep: Sequence[int], parent: int, prepare: Callable[[], None] | None
) -> NoReturn:
    # Whatever happens, this copy must never go on in the parent's code: the `finally` ends it.
    status = 70
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGXCPU):
            signal.signal(number, signal.SIG_DFL)
        first = 0
        for kept in (*sorted(keep), 1 << 16):
            os.closerange(first, kept)
            first = kept + 1
        confinement.die_with_parent()
        if prepare is not None:
            prepare()
        if os.getppid() == parent:
            confinement.apply()
            serve()
            status = 0
    finally:
        os._exit(status)


def answer_of(work: Callable[[], Any]) -> bytes:
    """What `work` returns, or the error it raises, as JSON."""
    return json.dumps(result_of(work)).encode()


def result_of(work: Callable[[], Any]) -> Any:
    """What `work` returns, or a record of the error it raises."""
    try:
        return work()
    except BpfccError as error:
        return {"error": error_record(error)}
    except MemoryError:
        return {"error": {"kind": "memory"}}
    except RecursionError:
        return {"error": {"kind": "recursion"}}
    except (
        ArithmeticError,
        AttributeError,
        ImportError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
        AssertionError,
    ) as error:
        report = f"{place_of(error)}{type(error).__name__}: {error}"[-REPORT_CHARS:]
        return {"error": {"kind": "crash", "message": report}}


def place_of(error: BaseException) -> str:
    """The calls that led to an error, a line each. (The module that does this at length would have to be imported early.)"""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"  {code.co_filename}:{trace.tb_lineno} in {code.co_name}\n")
        trace = trace.tb_next
    return "".join(lines)


def send(writer: int, data: bytes) -> None:
    """Write all of `data` to a pipe."""
    view = memoryview(data)
    while view:
        view = view[os.write(writer, view) :]


def receive(reader: int, limits: Limits, *, file: str | None) -> bytes:
    """Everything up to the end of the pipe, within the limits of time and length."""
    deadline = time.monotonic() + limits.wall_seconds
    parts: list[bytes] = []
    length = 0
    poller = select.poll()
    poller.register(reader, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not poller.poll(left * 1000):
            raise InputError(f"reading it took longer than {limits.wall_seconds:g} s", file=file)
        data = os.read(reader, CHUNK_BYTES)
        if not data:
            return b"".join(parts)
        parts.append(data)
        length += len(data)
        if length > limits.answer_bytes:
            raise InternalError(f"the isolated reader's answer is longer than {limits.answer_bytes} bytes")


def ended_by_signal(number: int, limits: Limits, file: str | None) -> InputError:
    """The error for a child that a signal ended."""
    if number == signal.SIGXCPU:
        return InputError(f"reading it took longer than {limits.cpu_seconds} s of processor time", file=file)
    if number == signal.SIGKILL:
        return InputError("reading it needed more memory or time than is allowed", file=file)
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return InputError(f"the isolated reader crashed on it ({name})", file=file)
