"""What `bpfcc dump --facts` prints: what is known, what is never computed, and what a child may not say."""

from __future__ import annotations

import pytest

import bpfcc
from bpfcc.bpfir.assembler import assemble
from bpfcc.cli.facts_text import beside, checked, facts_lines
from bpfcc.errors import InputError, UnsupportedError


def program(text: str, kind: str = "xdp") -> bpfcc.Program:
    return bpfcc.Program.from_bytes(assemble(text), type=kind)


def test_facts_stand_beside_what_they_are_of() -> None:
    lines = facts_lines(program("r0 = *(u32 *)(r1 + 12)\nr0 &= 6\nr0 += 1\nexit"), "linux")
    (masked,) = [line for line in lines if "and.64" in line]
    (added,) = [line for line in lines if "add.64" in line]
    assert masked.endswith("; [0, 6] step 2")
    assert added.endswith("; [1, 7] step 2")
    assert lines[0].endswith("; v0 {the context+0}")


def test_what_no_run_computes_has_no_fact() -> None:
    text = "r0 = *(u32 *)(r1 + 12)\nr0 &= 1\nif r0 s> 9 goto far\nr0 = 0\nexit\nfar: r0 = *(u32 *)(r1 + 16)\nexit"
    lines = facts_lines(program(text), "linux")
    assert any(line.endswith("; never computed") for line in lines)


def test_other_rules_know_other_things() -> None:
    code = program("r0 = *(u64 *)(r1 + 0)\nexit")
    windows = facts_lines(code, "windows")
    assert any("the packet" in line for line in windows)
    assert not any("the packet" in line for line in facts_lines(code, "linux"))


def test_what_a_child_says_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (b"3", b"[1]", b'{"error": {"kind": "input", "message": "no"}}', b"{}", b"{", b"\xff", b"[" * 100_000):
        monkeypatch.setattr("bpfcc.isolate.fork.run_forked", lambda *_, answer=answer, **__: answer)
        monkeypatch.setattr("bpfcc.isolate.fork.can_fork", lambda: True)
        with pytest.raises(InputError):
            facts_lines(program("r0 = 0\nexit"), "linux")


def test_what_a_child_cannot_judge_keeps_its_kind() -> None:
    with pytest.raises(UnsupportedError):
        checked(b'{"error": {"kind": "unsupported", "feature": "that", "message": "no"}}', None)
    assert checked(b'["v1\\u001b[31m"]', None) == ["v1\ufffd[31m"]


def test_a_line_without_a_comment_stays_as_it_is() -> None:
    assert beside("  exit v0", "") == "  exit v0"
    assert beside("a", "b") == f"{'a':46} ; b"
