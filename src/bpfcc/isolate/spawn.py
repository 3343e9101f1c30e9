"""The same in a fresh process, where a fork is not safe (threads) or does not exist (Windows).

    run_spawned(ReadRequest(data), Limits())      starts `python -I -m bpfcc.isolate`, about a tenth of a second

The request goes to its standard input: a line of JSON, then the bytes. The child imports what it needs, confines itself, and
answers on standard output. On Windows this process puts it into a job object before it gets its input.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, cast

from bpfcc.errors import InputError, InternalError
from bpfcc.isolate.confine import Limits

if TYPE_CHECKING:
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.reader import ReadRequest

# Fields of a request to judge that JSON has as they are.
PLAIN: Final = ("part", "sections", "targets", "only", "cached", "smt")
COMMAND: Final = (sys.executable, "-I", "-m", "bpfcc.isolate")


def request_line(request: ReadRequest, limits: Limits) -> bytes:
    """The request as one line of JSON."""
    record: dict[str, Any] = {name: getattr(request, name) for name in ("file", "kernel_types", "lift", "platform")}
    record["types"] = dict(request.types) if request.types is not None else None
    record["programs"] = list(request.programs) if request.programs is not None else None
    for name in ("data", "target_btf"):
        content = cast("bytes | None", getattr(request, name))
        record[name] = base64.b64encode(content).decode() if content is not None else None
    return json.dumps({"request": record, "limits": asdict(limits)}).encode()


def parse_request(line: bytes) -> tuple[ReadRequest, Limits]:
    """The inverse, in the child; what comes from the parent is trusted."""
    from bpfcc.isolate.reader import ReadRequest

    record = json.loads(line)
    fields = record["request"]
    for name in ("data", "target_btf"):
        if fields[name] is not None:
            fields[name] = base64.b64decode(fields[name])
    if fields["programs"] is not None:
        fields["programs"] = tuple(fields["programs"])
    return ReadRequest(**fields), Limits(**record["limits"])


def judge_line(request: JudgeRequest, limits: Limits) -> bytes:
    """A request to judge, as one line of JSON; the inverse is `parse_judge_request`."""
    from bpfcc.explain import object_record
    from bpfcc.fingerprint import rules_record

    record = json.loads(request_line(request.read, limits))
    record["judge"] = {name: getattr(request, name) for name in PLAIN} | {
        "rules": rules_record(request.rules),
        "hints": dict(request.hints),
        "illustrate": {key: object_record("", [verdict], wire=True) for key, verdict in request.illustrate.items()},
    }  # fmt: skip
    return json.dumps(record).encode()


def parse_judge_request(line: bytes) -> tuple[JudgeRequest, Limits] | None:
    """A request to judge; None where it is one to read."""
    from bpfcc.explain import parse_record
    from bpfcc.fingerprint import rules_of
    from bpfcc.isolate.judge import JudgeRequest

    record = json.loads(line).get("judge")
    if record is None:
        return None
    read, limits = parse_request(line)
    plain: Any = {name: tuple(record[name]) if isinstance(record[name], list) else record[name] for name in PLAIN}
    illustrate = {key: parse_record(each)[1][0] for key, each in record["illustrate"].items()}
    request = JudgeRequest(read, rules_of(record["rules"]), illustrate, record["hints"], **plain)
    return request, limits


def run_spawned(request: ReadRequest, limits: Limits, *, command: tuple[str, ...] = COMMAND) -> bytes:
    """The child's answer, unchecked. InputError: too slow, ended by a signal; InternalError: too long an answer."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True)
    except OSError as error:
        raise InputError(f"the isolated reader cannot be started: {error.strerror}", file=request.file) from error
    job = None
    if sys.platform == "win32":
        from bpfcc.isolate.windows import Job

        job = Job(limits)
        job.add(process)
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(limits.wall_seconds, stop)
    timer.start()
    try:
        answer = _exchange(process, request_line(request, limits), limits.answer_bytes)
    finally:
        timer.cancel()
        process.kill()
        status = process.wait()
        timer.join()
        if job is not None:
            job.close()
    if timed_out.is_set():
        raise InputError(f"reading it took longer than {limits.wall_seconds:g} s", file=request.file)
    if not answer and status < 0 and os.name == "posix":
        from bpfcc.isolate.fork import ended_by_signal

        raise ended_by_signal(-status, limits, request.file)
    return answer


def _exchange(process: subprocess.Popen[bytes], line: bytes, limit: int) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise InternalError("the isolated reader has no pipes")
    with process.stdin as pipe, process.stdout as answers:
        try:
            pipe.write(line)
            pipe.close()
        except OSError:
            # The child is gone; what it said, if anything, is read below.
            pass
        parts: list[bytes] = []
        length = 0
        while data := os.read(answers.fileno(), 1 << 16):
            parts.append(data)
            length += len(data)
            if length > limit:
                raise InternalError(f"the isolated reader's answer is longer than {limit} bytes")
        return b"".join(parts)
