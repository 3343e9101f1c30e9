"""`bpfcc.verify` and the gate before every run: what may run unchecked, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bpfcc
from bpfcc import gate
from bpfcc.isolate.worker import ForkedCrew
from bpfcc.judgement import Rules, judge_program
from bpfcc.verdict_cache import VerdictCache
from bpfcc.verification import fact_text, is_end_of
from bpfcc.verifier import verdict as plain
from bpfcc.verifier.options import Options
from bpfcc.verifier.verdict import Finding, Related, Stats
from tests.engines import Judgement, accepted, by_name, rejected, warned, with_engine, with_gate, without_cache

linux = pytest.mark.skipif(sys.platform != "linux", reason="engines of tests are there in forked children alone")
RETURN_TWO = "r0 = 2\nexit"


def program(text: str = RETURN_TWO, kind: str = "xdp", **given: Any) -> bpfcc.Program:
    return bpfcc.Program.from_bytes(bpfcc.assemble(text), type=kind, **given)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    without_cache(monkeypatch)
    if sys.platform == "linux":
        monkeypatch.setattr("bpfcc.isolate.judging.choose_crew", ForkedCrew)


# ---- verdicts


def test_a_verdict_has_what_the_contract_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, accepted)
    verdict = bpfcc.verify(program())
    assert isinstance(verdict, bpfcc.Verdict)
    assert (verdict.accepted, verdict.status, verdict.findings) == (True, "accepted", ())
    assert (verdict.name, verdict.type, verdict.platform, verdict.section) == ("main", "xdp", "linux", "")
    assert verdict.digest == program().ir_digest
    assert verdict.stats.max_path_insns == 100
    assert verdict.stats.insns == 2
    assert json.loads(verdict.to_json()) == verdict.to_dict()
    assert verdict.to_dict()["schema"] == "bpfcc.verify/1"
    assert verdict.to_sarif()["version"] == "2.1.0"
    assert "main (xdp): accepted" in str(verdict)
    assert repr(verdict) == "<Verdict main accepted>"


def test_a_rejected_program_is_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, rejected("V011", 0))
    verdict = bpfcc.verify(program())
    assert not verdict.accepted
    assert repr(verdict) == "<Verdict main rejected: V011>"
    assert "error[V011]" in str(verdict)
    assert isinstance(verdict.findings[0], bpfcc.Finding)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, Options()),
        ({"deny": ["bounds"]}, Options(deny=frozenset({"bounds"}))),
        ({"deny": "bounds"}, Options(deny=frozenset({"bounds"}))),
        ({"warn": ("bounds", "null")}, Options(warn=frozenset({"bounds", "null"}))),
        ({"strict": True}, Options(strict=True)),
        ({"termination": False}, Options(termination=False)),
        ({"max_insns": 3}, Options(max_insns=3)),
        ({"budget": replace(Options().budget, sparse_steps=1)}, Options(budget=replace(Options().budget, sparse_steps=1))),
    ],
)
def test_options_reach_the_engine(given: dict[str, Any], options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    with_engine(monkeypatch, lambda module, request: seen.append(request) or accepted(module, request))
    bpfcc.verify(program(), **given)
    assert seen[0].options == options


def test_the_surroundings_reach_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    with_engine(monkeypatch, lambda module, request: seen.append(request) or accepted(module, request))
    bpfcc.verify(program(license="MIT"), attach_type="xdp_devmap")
    bpfcc.verify(program(), "windows")
    assert (seen[0].type, seen[0].attach_type, seen[0].license, seen[0].platform.name) == ("xdp", "xdp_devmap", "MIT", "linux")
    assert seen[0].kernel_types is not None
    assert (seen[1].platform.name, seen[1].kernel_types) == ("windows", None)


def test_a_class_that_is_none_is_an_input_error() -> None:
    with pytest.raises(bpfcc.InputError, match="no class of findings typo; there are alignment"):
        bpfcc.verify(program(), deny=["typo"])
    with pytest.raises(bpfcc.InputError, match="no class"):
        bpfcc.verify(program(), warn=["bounds", "typo"])


def test_what_cannot_be_judged_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, accepted)
    unknown = bpfcc.verify(bpfcc.Program.from_bytes(bpfcc.assemble(RETURN_TWO)))
    assert (unknown.status, unknown.findings[0].code) == ("unsupported", "V075")
    assert "types=" in (unknown.findings[0].suggestion or "")
    nonsense = bpfcc.verify(program(kind="nonsense"))
    assert nonsense.status == "unsupported"
    assert "no program type 'nonsense'" in nonsense.findings[0].message
    with pytest.raises(bpfcc.InputError):
        bpfcc.verify(program(), "nowhere.json")


def test_an_installation_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.judgement.engine_present", lambda: False)
    verdict = bpfcc.verify(program())
    assert verdict.status == "unsupported"
    assert "no verifier" in verdict.findings[0].message
    with bpfcc.prepare(program()) as exe:
        assert exe.checked


def test_too_deep_a_structure_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(module: Any, request: Any) -> Any:
        return deep(module, request)

    with_engine(monkeypatch, deep)
    verdict = bpfcc.verify(program())
    assert (verdict.status, verdict.findings[0].code, verdict.findings[0].cause) == ("rejected", "V071", "analysis-limit")


def test_without_explanation_placeholders_become_words(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(
        "V034", "error", "{arg1} is short of {arg2}", "main", 0, required="{value}", known="{base} {unknown}", suggestion="{rhs}",
        related=(Related("{lhs}", 0),),
    )  # fmt: skip
    with_engine(monkeypatch, lambda *_: Judgement("rejected", (finding,)))
    (shown,) = bpfcc.verify(program(), explain=False).findings
    assert (shown.message, shown.required, shown.known) == ("argument 1 is short of argument 2", "the value", "the address {unknown}")
    assert (shown.suggestion, shown.related[0].message) == ("the right operand", "the left operand")


def test_the_cache_is_asked_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "c" / "verdicts")
    with_engine(monkeypatch, rejected("V011"))
    first = bpfcc.verify(program(), cache=cache)
    with_engine(monkeypatch, lambda *_: pytest.fail("it was asked again"))
    assert bpfcc.verify(program(), cache=cache).record == first.record
    with pytest.raises(pytest.fail.Exception):
        bpfcc.verify(program("r0 = 3\nexit"), cache=cache)
    with pytest.raises(pytest.fail.Exception):
        bpfcc.verify(program(), cache=None)


@linux
def test_the_same_in_a_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x.c").write_text(
        '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int f(struct xdp_md *c) { return 1; }\n'
        'SEC("odd") int g(struct xdp_md *c) { return 2; }\n'
    )
    obj = bpfcc.compile(tmp_path / "x.c")
    with_engine(monkeypatch, by_name({"f": rejected("V011")}))
    cache = VerdictCache(tmp_path / "c" / "verdicts")
    for key in ("f", "g"):
        here = bpfcc.verify(obj.programs[key], cache=None)
        there = bpfcc.verify(obj.programs[key], cache=cache, isolated=True)
        assert replace(there.record, stats=here.stats) == here.record
    # What a child judged, this process knows.
    with_engine(monkeypatch, lambda *_: pytest.fail("it was asked again"))
    assert bpfcc.verify(obj.programs["f"], cache=cache).status == "rejected"
    with pytest.raises(bpfcc.UnsupportedError, match="without an object"):
        bpfcc.verify(program(), isolated=True)


# ---- the gate


def test_the_gate_is_one_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, rejected("V011"))
    with pytest.raises(bpfcc.RejectedError):
        bpfcc.prepare(program())
    monkeypatch.setattr("bpfcc.judgement.GATE", False)
    with bpfcc.prepare(program()) as exe:
        assert exe.checked


def test_what_is_rejected_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, rejected("V011", message="bytes behind the end"))
    with pytest.raises(bpfcc.RejectedError, match="program 'main' is rejected: instruction 0: V011 bytes behind the end") as caught:
        bpfcc.prepare(program())
    assert caught.value.exit_status == 1
    assert caught.value.verdict.status == "rejected"
    with bpfcc.prepare(program(), checked=True) as exe:
        assert exe.checked
        assert exe.run(packet=b"x").return_value == 2


def test_what_cannot_be_judged_does_not_run_either(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, lambda *_: Judgement("unsupported", (Finding("V075", "error", "odd", "main", -1),)))
    with pytest.raises(bpfcc.RejectedError, match="is unsupported: V075 odd") as caught:
        bpfcc.prepare(program())
    assert caught.value.exit_status == 3


def test_what_is_accepted_runs_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, accepted)
    text = "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 2\nr0 = 0\nif r4 > r3 goto +1\nr0 = *(u8 *)(r2 + 1)\nexit"
    with bpfcc.prepare(program(text)) as exe:
        assert not exe.checked
        assert exe.bound == 100
        result = exe.run(packet=b"\x01\x09\x00", repeat=3)
        assert (result.return_value, result.steps, result.packet) == (9, None, b"\x01\x09\x00")
        assert [each.return_value for each in exe.run_batch([b"a", b"ab"])] == [0, ord("b")]
        with pytest.raises(bpfcc.InputError, match="checked=True"):
            exe.run(packet=b"x", steps=99)
        assert exe.run(packet=b"x", steps=100).return_value == 0


def test_maps_and_helpers_work_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, accepted)
    text = """
        *(u32 *)(r10 - 4) = 0
        r1 = map[0] ll
        r2 = r10
        r2 += -4
        call 1
        if r0 == 0 goto +3
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
        r0 = 2
        exit
    """
    with bpfcc.prepare(program(text, maps=[bpfcc.MapSpec("m", "array", 4, 8, 1)])) as exe:
        assert not exe.checked
        for _ in range(3):
            exe.run(packet=b"x")
        assert exe.maps["m"][0] == 3


def test_a_given_verdict_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, accepted)
    given = bpfcc.verify(program())
    with_gate(monkeypatch, lambda *_: pytest.fail("it was asked again"))
    with bpfcc.prepare(program(), verdict=given) as exe:
        assert not exe.checked
    with bpfcc.prepare(program(), verdict=[given.record]) as exe:
        assert not exe.checked


def test_a_verdict_on_other_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, accepted)
    given = bpfcc.verify(program())
    for other in (program("r0 = 3\nexit"), program(kind="sched_cls"), program(name="other")):
        with pytest.raises(bpfcc.RejectedError, match="is of other code"):
            bpfcc.prepare(other, verdict=given)


def test_a_given_verdict_that_rejects_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, rejected("V011"))
    with pytest.raises(bpfcc.RejectedError):
        bpfcc.prepare(program(), verdict=bpfcc.verify(program()))


def test_a_forged_verdict_without_a_digest_is_refused() -> None:
    forged = plain.Verdict("main", "", "xdp", "linux", "accepted", (), Stats(max_path_insns=1))
    with pytest.raises(bpfcc.RejectedError):
        bpfcc.prepare(program(), verdict=[forged])


def test_a_verdict_by_other_rules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, accepted)
    given = replace(bpfcc.verify(program()).record, platform="windows")
    with pytest.raises(bpfcc.RejectedError, match="by the rules of windows"):
        bpfcc.prepare(program(), verdict=[given])


def bound(judged: Any, each: bpfcc.Program, monkeypatch: pytest.MonkeyPatch, steps: int = 1000) -> int | None:
    with_gate(monkeypatch, judged)
    return gate.admit([each], (), steps).bound


def test_what_has_no_bound_that_fits_runs_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bound(lambda *_: Judgement(stats=Stats(max_path_insns=1000)), program(), monkeypatch) == 1000
    assert bound(lambda *_: Judgement(stats=Stats(max_path_insns=1001)), program(), monkeypatch) is None
    assert bound(lambda *_: Judgement(stats=Stats(max_path_insns=None)), program(), monkeypatch) is None


def test_what_lets_addresses_out_runs_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bound(warned("V024"), program(), monkeypatch) is None
    assert bound(warned("V002"), program(), monkeypatch) == 100


KERNEL_POINTERS: Sequence[tuple[str, str]] = [
    ("sched_cls", "r0 = *(u64 *)(r1 + 168)\nexit"),
    ("sched_cls", "r1 += 160\nr0 = *(u64 *)(r1 + 8)\nexit"),
    ("sched_cls", "r6 = r1\nr2 = *(u32 *)(r1 + 0)\nif r2 == 0 goto +1\nr6 += 8\nr0 = *(u32 *)(r6 + 0)\nexit"),
    ("kprobe", "r0 = 0\nexit"),
    ("tracing", "r0 = 0\nexit"),
    ("raw_tracepoint", "r0 = 0\nexit"),
    ("xdp", "r2 = r10\nr2 += -16\nr3 = 12\nr4 = -1\nr5 = 0\ncall 84\nr0 = 0\nexit"),
    # The context's own bytes, in which packet addresses are.
    ("xdp", "r3 = r1\nr1 = r10\nr1 += -8\nr2 = 8\ncall 113\nr0 = *(u64 *)(r10 - 8)\nexit"),
]


@pytest.mark.parametrize(("kind", "text"), KERNEL_POINTERS)
def test_what_follows_pointers_into_the_kernel_runs_checked(kind: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bound(accepted, program(text, kind), monkeypatch) is None


@pytest.mark.parametrize("kind", ["xdp", "sched_cls", "socket_filter", "cgroup_skb", "raw"])
def test_what_does_not_runs_unchecked(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bound(accepted, program("r0 = *(u32 *)(r1 + 8)\nexit", kind), monkeypatch) == 100


def test_every_program_that_can_be_entered_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [program(name="one"), program(name="two")]
    with_gate(monkeypatch, accepted)
    assert gate.admit(chain, (), 100_000).bound == 100 * 34
    with_gate(monkeypatch, by_name({"two": rejected("V011")}))
    with pytest.raises(bpfcc.RejectedError, match="program 'two' is rejected"):
        gate.admit(chain, (), 100_000)
    with_gate(monkeypatch, by_name({"two": warned("V024")}))
    assert gate.admit(chain, (), 100_000).bound is None


def test_what_a_back_end_cannot_do_unchecked_it_does_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gate(monkeypatch, accepted)
    with bpfcc.prepare(program("r0 = *(u16 *)(r1 + 0)\nexit")) as exe:
        assert exe.checked


def test_judging_by_name_is_what_judging_is() -> None:
    """Without an engine the verdict says so, here as in `verify`."""
    found = judge_program(bpfcc.Program.from_bytes(bpfcc.assemble(RETURN_TWO)), Rules())
    assert found.status == "unsupported"


# ---- conformance


def test_the_plugin_counts_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import io

    from bpfcc.conformance import plugin

    def answer(text: str, *arguments: str) -> str:
        return plugin([*arguments, "--stats", str(tmp_path / "stats")], io.StringIO(bpfcc.assemble(text).hex()))

    def engine(module: Any, request: Any) -> Judgement:
        return (accepted if "load" not in str(list(module.entry.ops())) else rejected("V014"))(module, request)

    with_gate(monkeypatch, engine)
    assert answer("r0 = 42\nexit") == "2a\n"
    monkeypatch.setattr("bpfcc.verification.judge_here", lambda each, *_, **__: judge_program(each, Rules(), engine=rejected("V014")))
    assert answer("r0 = *(u8 *)(r1 + 0)\nexit", "07") == "7\n"
    with pytest.raises(bpfcc.Trap):
        answer("r0 = *(u8 *)(r1 + 1)\nexit", "07")
    assert json.loads((tmp_path / "stats").read_text()) == {"schema": "bpfcc.conformance/1", "accepted": 1, "checked": 1}


# ---- facts


def test_facts_of_a_line(tmp_path: Path) -> None:
    source = tmp_path / "dir" / "x.c"
    source.parent.mkdir()
    source.write_text(
        "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
        'SEC("xdp") int f(struct xdp_md *ctx)\n{\n\t__u32 queue = ctx->rx_queue_index;\n'
        "\tif (queue > 7)\n\t\treturn 1;\n\tbpf_printk(\"%d\", queue);\n\treturn 2;\n}\nchar _l[] SEC(\"license\") = \"GPL\";\n"
    )  # fmt: skip
    verdict = bpfcc.verify(bpfcc.compile(source).programs["f"])
    for name in (str(source), "x.c", "dir/x.c"):
        facts = verdict.facts_at(name, 8)
        assert "7" in facts["queue"], facts
    assert verdict.facts_at("y.c", 8) == {}
    assert verdict.facts_at("x.c", 800) == {}
    assert bpfcc.verify(program()).facts_at("x.c", 1) == {}


def test_ends_of_paths() -> None:
    assert is_end_of("x.c", "/a/x.c")
    assert is_end_of("a/x.c", "/a/x.c")
    assert not is_end_of("b/x.c", "/a/x.c")
    assert not is_end_of("c", "/a/x.c")
    assert not is_end_of("", "/a/x.c")


def test_facts_are_words() -> None:
    from bpfcc.verifier.domains import scalar

    assert "7" in fact_text(scalar.urange(0, 7))
