"""Engines for tests of what is around the verifier: they say what they are told to, whatever the program is.

with_engine(monkeypatch, by_name({"bad": rejected("V011")}))        `bad` is rejected, everything else accepted
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bpfcc.verifier.verdict import Finding, Stats

if TYPE_CHECKING:
    import pytest

    from bpfcc.bpfir.function import Module
    from bpfcc.verifier.options import Request
    from bpfcc.verifier.verdict import Status


@dataclass
class Judgement:
    """What an engine answers."""

    status: Status = "accepted"
    findings: tuple[Finding, ...] = ()
    stats: Stats = field(default_factory=lambda: Stats(max_path_insns=100))
    zeroed: Mapping[str, int] = field(default_factory=dict)
    hints: Mapping[int, tuple[Mapping[str, object], ...]] = field(default_factory=dict)


Answer = Callable[["Module", "Request"], Judgement]


def accepted(_module: Module, _request: Request) -> Judgement:
    """Whatever it is."""
    return Judgement()


def rejected(code: str, insn: int = 0, **given: Any) -> Answer:
    """One error."""

    def answer(module: Module, _request: Request) -> Judgement:
        finding = Finding(code, "error", given.pop("message", "{base} is wrong"), module.entry.name, insn, role="base", **given)
        return Judgement("rejected", (finding,))

    return answer


def warned(code: str) -> Answer:
    """Accepted with a warning."""
    return lambda module, _request: Judgement("accepted", (Finding(code, "warning", "doubtful", module.entry.name, 0),))


def by_name(answers: Mapping[str, Answer], otherwise: Answer = accepted) -> Answer:
    """An answer for each program."""
    return lambda module, request: answers.get(module.entry.name, otherwise)(module, request)


def with_engine(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    """Use this engine, here and in forked children."""
    monkeypatch.setattr("bpfcc.judgement.load_engine", lambda: engine)
    monkeypatch.setattr("bpfcc.judgement.engine_present", lambda: True)


def with_gate(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    """And ask it before anything runs; nothing is kept."""
    with_engine(monkeypatch, engine)
    monkeypatch.setattr("bpfcc.judgement.GATE", True)
    without_cache(monkeypatch)


def without_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's verdicts are used or kept."""

    def refuse() -> None:
        raise OSError("no cache here")

    monkeypatch.setattr("bpfcc.verdict_cache.default_directory", refuse)
