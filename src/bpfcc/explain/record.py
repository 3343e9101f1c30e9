"""Verdicts as JSON has them (schema `bpfcc.verify/1`, file `schemas/verify-1.json`).

    object_record("filter.o", verdicts)
        {"schema": "bpfcc.verify/1", "object": "filter.o", "programs": [{"name": "filter", "verdict": "accepted", …}]}

`wire=True` adds what readers have no use for and processes of bpfcc tell each other: the digest of the IR, frame bytes to zero, and
what names were made from. `bpfcc.explain.parse` reads both forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.verifier.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.diagnostics import SourcePosition
    from bpfcc.verifier.verdict import Counterexample, Finding, Related, Stats, Verdict

SCHEMA: Final = "bpfcc.verify/1"
# Text that a child sends is no longer: names come from objects. `bpfcc.explain.parse` refuses what is.
MAX_WIRE_TEXT: Final = 4_000


def object_record(name: str, verdicts: Iterable[Verdict], *, wire: bool = False) -> dict[str, Any]:
    """The whole document of one object."""
    return {"schema": SCHEMA, "object": name, "programs": [verdict_record(verdict, wire=wire) for verdict in verdicts]}


def verdict_record(verdict: Verdict, *, wire: bool = False) -> dict[str, Any]:
    """One program's part of the document."""
    record: dict[str, Any] = {
        "section": verdict.section,
        "name": verdict.name,
        "type": verdict.type,
        "verdict": verdict.status,
        "findings": [finding_record(finding, wire=wire) for finding in verdict.findings],
        "stats": stats_record(verdict.stats, wire=wire),
    }
    if wire:
        zeroed = {name: f"{mask:x}" for name, mask in verdict.zeroed.items()}
        record |= {"platform": verdict.platform, "digest": verdict.digest, "zeroed": zeroed}
    return record


def finding_record(finding: Finding, *, wire: bool = False) -> dict[str, Any]:
    """One finding."""
    code = CODES[finding.code]
    record: dict[str, Any] = {
        "code": finding.code,
        "class": code.finding_class,
        "level": finding.level,
        "title": code.title,
        "message": clipped(finding.message, wire=wire),
        "insn": known_insn(finding.insn),
        "source": source_record(finding.source, wire=wire),
        "required": clipped(finding.required, wire=wire),
        "known": clipped(finding.known, wire=wire),
        "cause": finding.cause,
        "related": [related_record(related, wire=wire) for related in finding.related],
        "suggestion": clipped(finding.suggestion, wire=wire),
        "counterexample": None if finding.counterexample is None else counterexample_record(finding.counterexample),
    }
    if wire:
        record |= {"function": clipped(finding.function, wire=wire), "role": finding.role}
    return record


def related_record(related: Related, *, wire: bool = False) -> dict[str, Any]:
    """Another place of a finding."""
    return {
        "message": clipped(related.message, wire=wire),
        "insn": known_insn(related.insn),
        "source": source_record(related.source, wire=wire),
    }


def clipped(text: str | None, *, wire: bool) -> str | None:
    """Text of a length that the reader takes."""
    return text[:MAX_WIRE_TEXT] if wire and text is not None else text


def known_insn(insn: int) -> int | None:
    """An instruction's index; null where no one instruction is meant."""
    return insn if insn >= 0 else None


def source_record(position: SourcePosition | None, *, wire: bool = False) -> dict[str, Any] | None:
    """A place in the source; columns count from 1, null where only the line is known."""
    if position is None:
        return None
    record: dict[str, Any] = {
        "file": clipped(position.file, wire=wire),
        "line": position.line,
        "column": position.column or None,
        "end_line": position.end_line,
        "end_column": position.end_column,
    }
    if wire:
        record["text"] = clipped(position.text, wire=wire)
    return record


def counterexample_record(found: Counterexample) -> dict[str, Any]:
    """Inputs that make the program trap; bytes as hex."""
    return {
        "packet": None if found.packet is None else found.packet.hex(),
        "data": None if found.data is None else found.data.hex(),
        "context": {name: list(value) if isinstance(value, tuple) else value for name, value in found.context.items()},
        "maps": dict(found.maps),
        "environment": dict(found.environment),
        "trap": found.trap,
        "steps": found.steps,
    }


def stats_record(stats: Stats, *, wire: bool = False) -> dict[str, Any]:
    """What judging took."""
    record: dict[str, Any] = {
        "insns": stats.insns,
        "values": stats.values,
        "time_us": stats.time_us,
        "stages": dict(stats.stages),
        "peak_kib": stats.peak_kib,
        "max_path_insns": stats.max_path_insns,
        "stack_bytes": stats.stack_bytes,
    }
    if wire:
        record["steps"] = stats.steps
    return record
