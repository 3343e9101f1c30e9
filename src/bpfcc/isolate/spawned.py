"""Children that talk while they work, as fresh processes: where there are threads, on macOS and on Windows.

    worker = SpawnedCrew().start(request, Limits())      starts `python -I -m bpfcc.isolate`

A thread reads what each says; a queue brings it to the one thread that serves them all.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.errors import InputError
from bpfcc.isolate.channel import reply_bytes
from bpfcc.isolate.fork import CHUNK_BYTES
from bpfcc.isolate.spawn import judge_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.isolate.confine import Limits
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.windows import Job
    from bpfcc.isolate.worker import Worker

COMMAND: Final = (sys.executable, "-I", "-m", "bpfcc.isolate")


@final
class SpawnedWorker:
    """A fresh process. Its first line of input is the request; replies follow."""

    def __init__(self, line: bytes, limits: Limits, arrived: Queue[tuple[SpawnedWorker, bytes]], command: Sequence[str] = COMMAND) -> None:
        self.deadline = time.monotonic() + limits.wall_seconds
        try:
            self._process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True, bufsize=0
            )
        except OSError as error:
            raise InputError(f"the isolated verifier cannot be started: {error.strerror}") from error
        self._job: Job | None = None
        if sys.platform == "win32":
            from bpfcc.isolate.windows import Job

            self._job = Job(limits)
            self._job.add(self._process)
        self._arrived = arrived
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()
        self._write(line + b"\n")

    def _pump(self) -> None:
        stream = self._process.stdout
        data = b"-"
        while data and stream is not None:
            try:
                data = os.read(stream.fileno(), CHUNK_BYTES)
            except (OSError, ValueError):
                data = b""
            self._arrived.put((self, data))

    def _write(self, data: bytes) -> None:
        stream = self._process.stdin
        if stream is not None:
            with contextlib.suppress(OSError):
                view = memoryview(data)
                while view:
                    view = view[stream.write(view) or 0 :]

    def reply(self, record: Any) -> None:
        """Answer what it asked."""
        self._write(reply_bytes(record))

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    def end(self) -> int:
        """Wait for its end and free everything."""
        status = self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if self._job is not None:
            self._job.close()
        return status


@final
class SpawnedCrew:
    """Everywhere else."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._arrived: Queue[tuple[SpawnedWorker, bytes]] = Queue()
        self._command = command

    def start(self, request: JudgeRequest, limits: Limits) -> Worker:
        """The child imports what it needs, confines itself and serves."""
        return SpawnedWorker(judge_line(request, limits), limits, self._arrived, self._command)

    def wait(self, workers: Sequence[Worker], timeout: float) -> list[tuple[Worker, bytes]]:
        """Take from the queue that all threads fill; what a worker said that is no more in `workers` is dropped."""
        try:
            found: list[tuple[SpawnedWorker, bytes]] = [self._arrived.get(timeout=max(0.001, timeout))]
            while not self._arrived.empty():
                found.append(self._arrived.get())
        except Empty:
            return []
        return [(worker, data) for worker, data in found if worker in workers]
