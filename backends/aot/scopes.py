"""Variables declared where they are first written, as far as C's scopes allow.

    uint64_t v4;                       uint64_t v4 = ld64(data);
    …                         becomes
    v4 = ld64(data);

A variable that is written once is declared there if it is named nowhere but behind, in the same braces or inside of them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from bpfcc.backends.aot.structure import For, If, Return, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.backends.aot.structure import Statement

WORD: Final = re.compile(r"[A-Za-z_]\w*")
WRITE: Final = re.compile(r"([A-Za-z_]\w*) = ")


def declare(body: list[Statement], types: Mapping[str, str]) -> set[str]:
    """Turn first writes into declarations; the variables that have one now. `types`: `uint64_t ` for each variable."""
    writes: Counter[str] = Counter()
    _count_writes(body, types, writes)
    total = _mentions(body, types)
    # What is written and never read (a comparison that its type decides) is computed for its effects alone.
    unread = {name for name, count in writes.items() if total[name] == count}
    _discard(body, unread)
    done: set[str] = set(unread)
    _declare(body, types, {name for name, count in writes.items() if count == 1}, total, done)
    return done


def written(statement: Statement) -> str | None:
    """The variable that a statement writes."""
    found = WRITE.match(statement.text) if isinstance(statement, Text) else None
    return found[1] if found is not None else None


def _count_writes(body: list[Statement], types: Mapping[str, str], counts: Counter[str]) -> None:
    for statement in body:
        name = written(statement)
        if name in types:
            counts[name] += 1  # type: ignore[index]
        for inner in _inner(statement):
            _count_writes(inner, types, counts)


def _discard(body: list[Statement], unread: set[str]) -> None:
    for statement in body:
        name = written(statement)
        if name in unread and isinstance(statement, Text):
            statement.text = f"(void)({statement.text.removeprefix(f'{name} = ').removesuffix(';')});"
        for inner in _inner(statement):
            _discard(inner, unread)


def _inner(statement: Statement) -> tuple[list[Statement], ...]:
    if isinstance(statement, If):
        return statement.then, statement.otherwise
    return (statement.body,) if isinstance(statement, For) else ()


def _mentions(body: list[Statement], types: Mapping[str, str]) -> Counter[str]:
    """How often each variable is named."""
    counts: Counter[str] = Counter()
    for statement in body:
        counts.update(_of(statement, types))
    return counts


def _of(statement: Statement, types: Mapping[str, str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    if isinstance(statement, (Text, Return)):
        counts.update(word for word in WORD.findall(statement.text) if word in types)
    elif isinstance(statement, If):
        counts.update(word for word in WORD.findall(statement.condition) if word in types)
    for inner in _inner(statement):
        counts.update(_mentions(inner, types))
    return counts


def _declare(body: list[Statement], types: Mapping[str, str], once: set[str], total: Counter[str], done: set[str]) -> None:
    each = [_of(statement, types) for statement in body]
    behind: Counter[str] = Counter()
    for at in range(len(body) - 1, -1, -1):
        statement = body[at]
        behind.update(each[at])
        name = written(statement)
        if name in once and isinstance(statement, Text) and behind[name] == total[name]:
            statement.text = f"{types[name]}{statement.text}"
            statement.declares = name
            done.add(name)
        for inner in _inner(statement):
            _declare(inner, types, once - done, total, done)
