"""Programs that are rewritten for Windows: a confined child judges them, and the process that goes on believes only what fits."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import bpfcc
from bpfcc import porting
from bpfcc.cli.app import run
from bpfcc.errors import InternalError
from bpfcc.frontend.clang import compile_c
from bpfcc.isolate import Limits, ReadRequest
from bpfcc.isolate.judge import JudgeRequest
from bpfcc.isolate.judging import JUDGE_LIMITS, judge_object
from bpfcc.isolate.spawned import SpawnedCrew
from bpfcc.isolate.worker import Crew, ForkedCrew
from bpfcc.native_images import judged_for_windows, rules_for
from bpfcc.porting import RULES, port
from bpfcc.program import module_digest
from bpfcc.verdict_cache import VerdictCache

if TYPE_CHECKING:
    from bpfcc.compat.rewrite.port import Ported
    from bpfcc.isolate.task import JudgedProgram
    from bpfcc.program import Program

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");

SEC("xdp") int ports(struct xdp_md *ctx) {
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    __u32 key = 1;
    __u64 *value = bpf_map_lookup_elem(&seen, &key);
    if (value)
        *value += 1;
    return data + 14 > end ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int redirects(struct xdp_md *ctx) { return bpf_redirect(1, 0); }

SEC("xdp") int reads_wild(struct xdp_md *ctx) { return *(__u8 *)(long)ctx->data; }

SEC("socket") int elsewhere(struct __sk_buff *skb) { return skb->len; }
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ports") / "ports.bpf.c"
    path.write_text(SOURCE)
    return path


@cache
def object_of(path: Path) -> bytes:
    return compile_c(path).object


def judged(
    path: Path, *, crew: Crew | None = None, kept: VerdictCache | None = None, limits: Limits = JUDGE_LIMITS
) -> tuple[JudgedProgram, ...]:
    request = JudgeRequest(ReadRequest(object_of(path), "ports.o"), RULES, smt=True)
    return judge_object(request, crew=crew, cache=kept, limits=limits)


@pytest.mark.parametrize("crew", [*([ForkedCrew] if sys.platform == "linux" else []), SpawnedCrew])
def test_a_child_judges_what_this_process_makes_of_the_program(source: Path, crew: type[Crew]) -> None:
    found = {each.key: each.verdict for each in judged(source, crew=crew())}
    assert {key: verdict and verdict.status for key, verdict in found.items()} == {
        "ports": "accepted", "redirects": "unsupported", "reads_wild": "rejected", "elsewhere": "unsupported",
    }  # fmt: skip
    obj = bpfcc.load(object_of(source))
    for name in ("ports", "reads_wild"):
        verdict, here = found[name], port(obj.programs[name])
        assert verdict is not None
        assert here.module is not None
        assert here.verdict is not None
        assert verdict.digest == module_digest(here.module) == here.verdict.digest
        assert [(each.code, each.insn) for each in verdict.findings] == [(each.code, each.insn) for each in here.verdict.findings]
        known = port(obj.programs[name], known=verdict).verdict
        assert known is not None
        assert (known.status, known.type) == (verdict.status, "xdp")


def test_a_program_that_does_not_port_says_what_is_absent(source: Path) -> None:
    found = next(each.verdict for each in judged(source) if each.key == "redirects")
    assert found is not None
    assert not found.digest
    assert "bpf_redirect" in found.findings[0].message


def test_a_verdict_on_other_code_is_not_believed(source: Path) -> None:
    obj = bpfcc.load(object_of(source))
    ports, wild = port(obj.programs["ports"]).verdict, obj.programs["reads_wild"]
    assert ports is not None
    assert ports.accepted
    with pytest.raises(InternalError, match="rewritten in two ways"):
        _ = port(wild, known=ports).verdict
    with pytest.raises(InternalError, match="rewritten in two ways"):
        judged_for_windows([wild], known=lambda _: ports)


def test_a_verdict_without_a_digest_accepts_nothing(source: Path) -> None:
    obj = bpfcc.load(object_of(source))
    ports = port(obj.programs["ports"]).verdict
    assert ports is not None
    ran_out = replace(ports, digest="", status="rejected")
    (found,) = judged_for_windows([obj.programs["ports"]], known=lambda _: ran_out)
    assert not found.accepted


def test_verdicts_on_ports_are_kept_apart_from_others(source: Path, tmp_path: Path) -> None:
    kept = VerdictCache(tmp_path / "verdicts")
    assert not any(each.cached for each in judged(source, kept=kept))
    assert {each.key for each in judged(source, kept=kept) if each.cached} == {"ports", "reads_wild"}
    request = JudgeRequest(ReadRequest(object_of(source), "ports.o"), rules_for("windows"))
    assert not any(each.cached for each in judge_object(request, cache=kept))


@pytest.mark.skipif(sys.platform != "linux", reason="a fresh process does not know what this test puts in")
def test_rewriting_that_takes_too_long_is_a_finding(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = porting.to_windows

    def slow(program: Program, **given: Any) -> Ported:
        while program.name == "ports":
            pass
        return whole(program, **given)

    monkeypatch.setattr("bpfcc.porting.to_windows", slow)
    found = {each.key: each.verdict for each in judged(source, crew=ForkedCrew(), limits=replace(JUDGE_LIMITS, wall_seconds=0.5))}
    assert [(key, verdict.findings[0].code) for key, verdict in found.items() if verdict is not None] == [
        ("ports", "V071"), ("redirects", "V075"), ("reads_wild", "V011"), ("elsewhere", "V075"),
    ]  # fmt: skip


@pytest.mark.parametrize("command", [["build", "--target", "windows", "--emit", "c", "-o", "-", "--program", "ports"], ["compat"]])
def test_commands_judge_nothing_themselves(source: Path, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def here(*_: object, **__: object) -> NoReturn:
        message = "judged in the command's own process"
        raise AssertionError(message)

    monkeypatch.setattr("bpfcc.porting.judge_port", here)
    monkeypatch.setattr("bpfcc.verification.judge_here", here)
    assert run([*command, str(source)]) in (0, 1)


def test_tables_of_ones_own_are_not_for_rewritten_programs(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", str(source), "--target", "windows", "--emit", "c", "-o", "-", "--platform", "other.json"]) == 2
    assert "--from windows" in capsys.readouterr().err
