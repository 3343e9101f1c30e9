"""The outcome of a check as JSON has it (schema `bpfcc.image/1`, file `schemas/image-1.json`).

document(subject, outcomes)["rules"][0]
{"id": "machine", "level": "error", "status": "passed", "title": "…", "why": "…", "mend": "…", "details": []}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from bpfcc.compat.image.authenticode import Signature
from bpfcc.compat.image.record import Record, record_json
from bpfcc.compat.image.rules import rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.compat.image.rules import Outcome
    from bpfcc.compat.image.subject import Subject

SCHEMA: Final = "bpfcc.image/1"


def document(subject: Subject, outcomes: Sequence[Outcome], *, against: dict[str, Any] | None = None) -> dict[str, Any]:
    """The whole document. `against`: what building it again found."""
    image = subject.image
    bad = rejected(outcomes) or (against is not None and against["status"] not in ("same", "same-code"))
    return {
        "schema": SCHEMA, "image": image.name, "sha256": hashlib.sha256(image.data).hexdigest(), "size": len(image.data),
        "kind": image.kind, "machine": image.architecture, "verdict": "rejected" if bad else "accepted",
        "rules": [
            {
                "id": each.rule.id, "level": each.level, "status": each.status, "title": each.rule.title, "why": each.rule.why,
                "mend": each.rule.mend, "details": list(each.details),
            }
            for each in outcomes
        ],
        "programs": [asdict(each) for each in subject.metadata.programs],
        "maps": [asdict(each) for each in subject.metadata.maps],
        "record": json.loads(record_json(subject.record)) if isinstance(subject.record, Record) else None,
        "signature": signature_record(subject),
        "against": against,
    }  # fmt: skip


def signature_record(subject: Subject) -> dict[str, Any] | None:
    """Of a signature that can be read."""
    found, verification = subject.signature, subject.verification
    if not isinstance(found, Signature):
        return None
    return {
        "signer": found.signer, "self_signed": found.self_signed, "algorithm": found.algorithm, "digest": found.digest,
        "verification": verification.status if verification is not None else "invalid",
        "detail": verification.text if verification is not None else "; ".join(found.problems),
    }  # fmt: skip
