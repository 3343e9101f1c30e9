"""What `bpfcc run` can be told of a run's surroundings: context fields, time, the current task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import bpfcc
from bpfcc.cli.app import run as run_command
from bpfcc.execution import prepare

Run = Callable[..., tuple[int, str]]
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
const volatile int limit = 4;
char bytes[8];
SEC("xdp") int queue(struct xdp_md *ctx) { return ctx->rx_queue_index == 3 ? XDP_DROP : XDP_PASS; }
SEC("xdp") int when(struct xdp_md *ctx) { return bpf_ktime_get_ns() == 77 ? XDP_DROP : XDP_PASS; }
SEC("xdp") int constant(struct xdp_md *ctx)
{
	for (int i = 0; i < limit; i++)
		bytes[i] = 1;
	return XDP_PASS;
}
SEC("tracepoint/syscalls/sys_enter_open") int who(void *ctx)
{
	return bpf_get_current_pid_tgid() == (5ULL << 32 | 6) && bpf_get_current_uid_gid() == (8ULL << 32 | 7);
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("surroundings") / "handlers.bpf.c"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def run(source: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a program of the source; status and everything that was said."""

    def invoke(program: str, *options: str) -> tuple[int, str]:
        status = run_command(["run", str(source), "--program", program, "--hex", "00", *options])
        said = capsys.readouterr()
        return status, said.out + said.err

    return invoke


@pytest.mark.parametrize(
    ("program", "options"),
    [("queue", ["--context", "rx_queue_index=3"]), ("queue", ["--context", "rx_queue_index=0x3"]), ("when", ["--clock", "77"])],
)
def test_a_run_is_where_it_is_told_to_be(run: Run, program: str, options: list[str]) -> None:
    assert "XDP_PASS" in run(program)[1]
    status, text = run(program, *options)
    assert (status, "XDP_DROP" in text) == (0, True)


def test_the_current_task(run: Run) -> None:
    task = ["--pid", "5", "--tid", "6", "--uid", "7", "--gid", "8"]
    assert "returned 0" in run("who")[1]
    assert "returned 1" in run("who", *task)[1]


@pytest.mark.parametrize("text", ["rx_queue_index", "rx_queue_index=", "rx_queue_index=x", "nothing=1", "rx_queue_index=1,2"])
def test_fields_that_are_none_are_refused(run: Run, text: str) -> None:
    status, said = run("queue", "--context", text)
    assert status == 2
    assert "context" in said


def test_other_constants_than_those_that_were_judged_run_checked(source: Path) -> None:
    """`limit` is 4 in the object: a run with 400 would leave `bytes`, and only a checked run says so."""
    program = bpfcc.compile(source).programs["constant"]
    with prepare(program) as exe:
        assert exe.run(packet=b"").return_value == 2
    with prepare(program, seeds={".rodata": {"limit": 400}}) as exe, pytest.raises(bpfcc.Trap, match="outside"):
        exe.run(packet=b"")
