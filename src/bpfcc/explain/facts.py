"""What is known of variables at a line, in words.

>>> describe_fact("len", "[0, 1500]")
'len: [0, 1500]'
>>> describe_fact("eth", "")
'eth: nothing is known'
"""

from __future__ import annotations

from typing import Final

from bpfcc.explain.quote import printable

MAX_TEXT: Final = 200


def describe_fact(name: str, fact_text: str) -> str:
    """One line about one variable; the engine says what is known."""
    known = printable(" ".join(fact_text.split()))
    if len(known) > MAX_TEXT:
        known = f"{known[: MAX_TEXT - 1]}…"
    return f"{printable(name)}: {known or 'nothing is known'}"
