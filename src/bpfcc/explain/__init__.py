"""What findings say to a C programmer: names instead of registers, source lines, one finding a cause, and every form of output.

    findings = name_findings(fold(judgement.findings, module), program, module)
    print(render_verdict(verdict, color=True))
    json.dumps(object_record("filter.o", [verdict]))

Importing this imports next to nothing; each name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bpfcc.explain.cause import decide_compiler_cause
    from bpfcc.explain.facts import describe_fact
    from bpfcc.explain.folding import fold
    from bpfcc.explain.naming import name_findings
    from bpfcc.explain.parse import parse_record
    from bpfcc.explain.record import object_record, verdict_record
    from bpfcc.explain.sarif import to_sarif
    from bpfcc.explain.text import render_verdict

_PLACES: Final = {
    "decide_compiler_cause": "bpfcc.explain.cause", "describe_fact": "bpfcc.explain.facts", "fold": "bpfcc.explain.folding",
    "name_findings": "bpfcc.explain.naming", "object_record": "bpfcc.explain.record", "parse_record": "bpfcc.explain.parse",
    "render_verdict": "bpfcc.explain.text", "to_sarif": "bpfcc.explain.sarif", "verdict_record": "bpfcc.explain.record",
}  # fmt: skip

__all__ = [
    "decide_compiler_cause",
    "describe_fact",
    "fold",
    "name_findings",
    "object_record",
    "parse_record",
    "render_verdict",
    "to_sarif",
    "verdict_record",
]


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'bpfcc.explain' has no attribute {name!r}")
    return getattr(import_module(place), name)
