"""C expressions in one line of source, found from the column that the compiler gave for an instruction.

    if (eth->h_proto == 8)          column of `h_proto`     Expression(base="eth", whole="eth->h_proto", …)
    flow->packets += 1;             column of `+=`          Expression(base="flow", whole="flow->packets", …)
    v = bpf_map_lookup_elem(&m, &k) column of the name      Expression(callee="bpf_map_lookup_elem", args=("&m", "&k"), …)

No syntax tree is needed (and BTF, which carries the line, has none). What is not plainly one of the forms above gives nothing:
a wrong name would be worse than a register.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final

TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//.*|/\*.*?\*/)|(?P<name>[A-Za-z_]\w*)|(?P<number>\.?\d[\w.]*)|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<mark>->|\+\+|--|<<=|>>=|[-+*/%&|^<>=!]=|&&|\|\||<<|>>|[-+*/%&|^~!<>=?:;,.()\[\]{}\#\\@$`])""",
    re.VERBOSE,
)
ASSIGNMENTS: Final = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
# Binary operators and how tightly they bind.
BINARY: Final = {
    "*": 9, "/": 9, "%": 9, "+": 8, "-": 8, "<<": 7, ">>": 7, "<": 6, ">": 6, "<=": 6, ">=": 6, "==": 5, "!=": 5, "&": 4, "^": 3, "|": 2,
    "&&": 1, "||": 0,
}  # fmt: skip
UNARY: Final = frozenset({"*", "-", "!", "~", "&", "++", "--"})
OPENING: Final = {")": "(", "]": "["}
CLOSING: Final = {"(": ")", "[": "]"}
KEYWORDS: Final = frozenset({"return", "if", "while", "for", "switch", "case", "else", "do", "goto", "sizeof"})
MAX_TEXT: Final = 80


class Token(NamedTuple):
    """A token and where it stands: [start, end) in characters from 0."""

    kind: str
    text: str
    start: int
    end: int


@final
@dataclass(frozen=True, slots=True)
class Expression:
    """What was found. `start` and `end` are columns from 1 of the whole expression, the end not included.

    `doubtful`: whether `base` is the pointer depends on types that the line does not have (`a->b[i]`: array or pointer).
    """

    whole: str
    start: int
    end: int
    base: str | None = None
    lhs: str | None = None
    rhs: str | None = None
    callee: str | None = None
    args: tuple[str, ...] = ()
    doubtful: bool = False


def tokens(text: str) -> list[Token]:
    """Tokens without spaces and comments; characters that C does not have end the list."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            break
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", match.group(), at, match.end()))
        at = match.end()
    return found


def expression_at(text: str, column: int) -> Expression | None:
    """The expression that an instruction with this column (from 1) belongs to."""
    line = Line(text)
    at = next((index for index, token in enumerate(line.tokens) if token.start == column - 1), None)
    return None if at is None else line.expression(at)


class Line:
    """The tokens of a line, and walks over them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)

    def expression(self, at: int) -> Expression | None:
        """The expression around token `at`."""
        token, before = self.tokens[at], self._mark(at - 1)
        if token.kind == "name" and token.text not in KEYWORDS:
            return self._named(at, before)
        if token.text in ASSIGNMENTS:
            return self._assigned(self._place(self.start_of_postfix(at - 1), at - 1), at)
        if token.text in {"++", "--"}:
            return self._place(self.start_of_postfix(at - 1), at - 1) or self._place(at + 1, self.end_of_postfix(at + 1))
        if token.text == "*" and self._is_unary(at):
            end = self.end_of_postfix(at + 1)
            return None if end is None else self._make(at, end, base=self.cut(at + 1, end))
        if token.text in BINARY and not self._is_unary(at):
            return self._operands(at)
        return None

    def _named(self, at: int, before: str) -> Expression | None:
        """A member, an element, a call, a name."""
        if before in {"->", "."}:
            start = self.start_of_postfix(at - 2)
            if start is None:
                return None
            last = at
            while self._mark(last + 1) == "[":
                closing = self.closing(last + 1)
                if closing is None:
                    return None
                last = closing
            return self._make(start, last, base=self._pointer(start, at - 2, before), doubtful=last > at)
        if self._mark(at + 1) == "(":
            closing = self.closing(at + 1)
            if closing is None:
                return self._make(at, at, callee=self.tokens[at].text)
            return self._make(at, closing, callee=self.tokens[at].text, args=self.arguments(at + 1, closing))
        end = self.end_of_postfix(at)
        return None if end is None else self._place(at, end)

    def _place(self, start: int | None, end: int | None) -> Expression | None:
        """Something that is read or written: `p->x`, `p[i]`, `*p`, `x`; its base is the pointer that it goes through."""
        if start is None or end is None:
            return None
        if start > 0 and self._mark(start - 1) == "*" and self._is_unary(start - 1):
            return self._make(start - 1, end, base=self.cut(start, end))
        last = end
        while last > start and self._mark(last) == "]":
            opening = self.opening(last)
            if opening is None or opening <= start:
                return None
            if not (opening - 2 > start and self._mark(opening - 2) in {"->", "."}):
                return self._make(start, end, base=self.cut(start, opening - 1), doubtful=self._mark(opening - 1) == "]")
            last = opening - 1
        if last - 1 > start and self._mark(last - 1) in {"->", "."}:
            return self._make(start, end, base=self._pointer(start, last - 2, self._mark(last - 1)), doubtful=last < end)
        return self._make(start, end)

    def _assigned(self, place: Expression | None, at: int) -> Expression | None:
        """`x /= n` has both operands of a division."""
        end = self.end_of_postfix(at + 1)
        if place is None or self.tokens[at].text == "=" or end is None or self._mark(end + 1) not in {";", ")", ","}:
            return place
        return replace(place, lhs=place.whole, rhs=self.cut(at + 1, end))

    def _pointer(self, start: int, end: int, mark: str) -> str:
        """The pointer that a member is reached through: of `a->b.c` it is `a`."""
        if mark == "->":
            return self.cut(start, end)
        for index in range(end, start, -1):
            if self._mark(index) == "->":
                return self.cut(start, index - 1)
        return f"&{self.cut(start, end)}"

    def _operands(self, at: int) -> Expression | None:
        """Both sides of a binary operator, where each is a simple expression."""
        start, end, binding = self.start_of_postfix(at - 1), self.end_of_postfix(at + 1), BINARY[self.tokens[at].text]
        left = start is not None and not self._binds(start - 1, binding) and not (start > 0 and self._unary_before(start))
        right = end is not None and not self._binds(end + 1, binding + 1)
        lhs = self.cut(start, at - 1) if left and start is not None else None
        rhs = self.cut(at + 1, end) if right and end is not None else None
        if lhs is None and rhs is None:
            return None
        return self._make(start if lhs and start is not None else at, end if rhs and end is not None else at, lhs=lhs, rhs=rhs)

    def _binds(self, index: int, least: int) -> bool:
        """Whether a binary operator stands there that binds at least so tightly."""
        return BINARY.get(self._mark(index), -1) >= least and not self._is_unary(index)

    def _unary_before(self, start: int) -> bool:
        return self._mark(start - 1) in UNARY and self._is_unary(start - 1)

    def _make(self, start: int, end: int, *, base: str | None = None, lhs: str | None = None, rhs: str | None = None,
              callee: str | None = None, args: tuple[str, ...] = (), doubtful: bool = False) -> Expression:  # fmt: skip
        first, last = self.tokens[start].start + 1, self.tokens[end].end + 1
        return Expression(self.cut(start, end), first, last, base, lhs, rhs, callee, args, doubtful)

    def cut(self, start: int, end: int) -> str:
        """The text of tokens `start` to `end`, as it stands there."""
        return " ".join(self.text[self.tokens[start].start : self.tokens[end].end].split())

    def _mark(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _is_unary(self, at: int) -> bool:
        """Whether an operator has no left side."""
        if at == 0:
            return True
        token = self.tokens[at - 1]
        return (token.kind == "mark" and token.text not in {")", "]"}) or token.text in KEYWORDS

    def start_of_postfix(self, end: int) -> int | None:
        """First token of the postfix expression that ends at token `end`."""
        at = end
        while at >= 0:
            token = self.tokens[at]
            if token.text in OPENING:
                opening = self.opening(at)
                if opening is None:
                    return None
                named = opening > 0 and (self.tokens[opening - 1].kind == "name" or self._mark(opening - 1) in OPENING)
                if not named or self._mark(opening - 1) in KEYWORDS:
                    return opening if token.text == ")" else None
                at = opening - 1
                continue
            if token.kind not in {"name", "number"} or token.text in KEYWORDS:
                return None
            if self._mark(at - 1) not in {"->", "."}:
                return at
            at -= 2
        return None

    def end_of_postfix(self, start: int) -> int | None:
        """Last token of the postfix expression that begins at token `start`."""
        if not 0 <= start < len(self.tokens):
            return None
        token, at = self.tokens[start], start
        if token.text == "(":
            closing = self.closing(start)
            if closing is None:
                return None
            at = closing
        elif token.kind not in {"name", "number"} or token.text in KEYWORDS:
            return None
        while self._mark(at + 1) in {"->", ".", "[", "("}:
            following: int | None = at + 2 if self._mark(at + 1) in {"->", "."} else self.closing(at + 1)
            if following is None or following >= len(self.tokens):
                return None
            at = following
        return at

    def closing(self, opening: int) -> int | None:
        """The bracket that closes the one at `opening`."""
        depth = 0
        for index in range(opening, len(self.tokens)):
            depth += (self._mark(index) in CLOSING) - (self._mark(index) in OPENING)
            if depth == 0:
                return index
        return None

    def opening(self, closing: int) -> int | None:
        """The bracket that the one at `closing` closes."""
        depth = 0
        for index in range(closing, -1, -1):
            depth += (self._mark(index) in OPENING) - (self._mark(index) in CLOSING)
            if depth == 0:
                return index
        return None

    def arguments(self, opening: int, closing: int) -> tuple[str, ...]:
        """The arguments between two parentheses."""
        found, depth, start = [], 0, opening + 1
        for index in range(opening + 1, closing + 1):
            mark = self._mark(index)
            if (mark == "," and depth == 0) or index == closing:
                if index > start:
                    found.append(self.cut(start, index - 1))
                start = index + 1
            depth += (mark in CLOSING) - (mark in OPENING)
        return tuple(found)


def short(text: str) -> str:
    """An expression short enough for a sentence."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def leading_name(text: str) -> str:
    """The identifier that an expression begins with, casts, stars and ampersands aside: of `&flow->bytes` it is `flow`."""
    match = re.match(r"[\s*&(]*([A-Za-z_]\w*)", text)
    return match.group(1) if match is not None else ""
