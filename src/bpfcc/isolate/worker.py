"""Children that talk while they work: forked ones, and fresh processes where a fork is not safe or does not exist.

    crew = choose_crew()
    worker = crew.start(request, Limits())
    crew.wait([worker], timeout=1)                       [(worker, data)], what has arrived; b"" is the end
    worker.reply({"hit": True})
    worker.end()                                         its exit status, a signal's number below zero

One thread of one process serves many of them. A forked worker's pipe is polled; a fresh process's is read by a thread.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from bpfcc.errors import InputError
from bpfcc.isolate.channel import Channel, reply_bytes
from bpfcc.isolate.confine import Confinement, Limits
from bpfcc.isolate.fork import CHUNK_BYTES, can_fork, start_child

if TYPE_CHECKING:
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.windows import Job

Serve = Callable[[Channel], None]
COMMAND: Final = (sys.executable, "-I", "-m", "bpfcc.isolate")


class Worker(Protocol):
    """A child at work."""

    deadline: float

    def reply(self, record: Any) -> None:
        """Answer what it asked."""
        ...

    def kill(self) -> None:
        """End it now."""
        ...

    def end(self) -> int:
        """Wait for its end and free everything: its exit status, a signal's number below zero."""
        ...


@final
class ForkedWorker:
    """A confined copy of this process."""

    def __init__(self, serve: Serve, limits: Limits, *, prepare: Callable[[], None] | None = None) -> None:
        self.answers, answer_fd = os.pipe()
        reply_fd, self._replies = os.pipe()
        try:
            channel = Channel(answer_fd, reply_fd)
            confinement = Confinement(answer_fd, limits, reply_fd)
            self._child = start_child(lambda: serve(channel), confinement, (answer_fd, reply_fd), prepare=prepare)
        finally:
            os.close(answer_fd)
            os.close(reply_fd)
        self.deadline = time.monotonic() + limits.wall_seconds

    def reply(self, record: Any) -> None:
        """Answer what it asked. A child that does not read is not waited for: its end is seen elsewhere."""
        data = memoryview(reply_bytes(record))
        os.set_blocking(self._replies, False)
        while data:
            try:
                data = data[os.write(self._replies, data) :]
            except BlockingIOError:
                if not select.select([], [self._replies], [], max(0.0, self.deadline - time.monotonic()))[1]:
                    return
            except BrokenPipeError:
                return

    def kill(self) -> None:
        """End it now."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)

    def end(self) -> int:
        """Wait for its end and free everything."""
        os.close(self.answers)
        os.close(self._replies)
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        return os.waitstatus_to_exitcode(status)


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


class Crew(Protocol):
    """Starts workers of one kind, and waits for what they say."""

    def start(self, request: JudgeRequest, limits: Limits) -> Worker:
        """A child at work on `request`."""
        ...

    def wait(self, workers: Sequence[Worker], timeout: float) -> list[tuple[Worker, bytes]]:
        """What has arrived, b"" for an end; nothing where nothing came in time."""
        ...


@final
class ForkedCrew:
    """Linux, in a process with one thread."""

    def start(self, request: JudgeRequest, limits: Limits) -> Worker:
        """Everything is imported here, before the fork: the child cannot, and the next one need not."""
        from bpfcc.isolate.judge import JudgeJob

        return ForkedWorker(JudgeJob(request).serve, limits)

    def wait(self, workers: Sequence[Worker], timeout: float) -> list[tuple[Worker, bytes]]:
        """Poll the pipes."""
        poller = select.poll()
        by_descriptor = {worker.answers: worker for worker in workers if isinstance(worker, ForkedWorker)}
        for descriptor in by_descriptor:
            poller.register(descriptor, select.POLLIN | select.POLLHUP)
        return [(by_descriptor[fd], os.read(fd, CHUNK_BYTES)) for fd, _ in poller.poll(max(0.0, timeout) * 1000)]


@final
class SpawnedCrew:
    """Everywhere else."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._arrived: Queue[tuple[SpawnedWorker, bytes]] = Queue()
        self._command = command

    def start(self, request: JudgeRequest, limits: Limits) -> Worker:
        """The child imports what it needs, confines itself and serves."""
        from bpfcc.isolate.spawn import judge_line

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


def choose_crew() -> Crew:
    """Forked children where a fork is safe."""
    return ForkedCrew() if can_fork() else SpawnedCrew()
