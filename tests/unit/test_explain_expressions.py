"""Expressions found in a line of C by the compiler's column: the pointer, the operands, the arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.explain.expressions import expression_at, leading_name, short, tokens


def at(marked: str) -> tuple[str, int]:
    """A line, and the column (from 1) of the bar in it."""
    return marked.replace("¦", "", 1), marked.index("¦") + 1


@pytest.mark.parametrize(
    ("marked", "base", "whole"),
    [
        ("    if (eth->¦h_proto != 8)", "eth", "eth->h_proto"),
        ("    flow->packets ¦+= 1;", "flow", "flow->packets"),
        ("    p[n] ¦= 4;", "p", "p[n]"),
        ("    *p ¦= 4;", "p", "*p"),
        ("    v = ¦*q;", "q", "*q"),
        ("    n = ¦p[60] & 15;", "p", "p[60]"),
        ("    a.b->c.¦d = 2;", "a.b", "a.b->c.d"),
        ("    x = ((struct foo *)p)->¦bar;", "((struct foo *)p)", "((struct foo *)p)->bar"),
        ("    y = s.¦field;", "&s", "s.field"),
        ("    p->n¦++;", "p", "p->n"),
        ("    ¦++p->n;", "p", "p->n"),
        ("\tsum += data[i ¦& 7];", None, "i & 7"),
        ("    return *ptr¦++;", "ptr", "*ptr"),
        ("    x ¦= 3; /* p->x */", None, "x"),
    ],
)
def test_the_pointer_of_an_access(marked: str, base: str | None, whole: str) -> None:
    text, column = at(marked)
    found = expression_at(text, column)
    assert found is not None
    assert (found.base, found.whole) == (base, whole)
    assert text[found.start - 1 : found.end - 1] == whole


@pytest.mark.parametrize(
    ("marked", "lhs", "rhs"),
    [
        ("    return 1500 ¦/ n;", "1500", "n"),
        ("    m = x ¦% (a + b);", "x", "(a + b)"),
        ("    tcp->doff * 4 ¦> 3", None, "3"),
        ("    a + b ¦/ c", "b", "c"),
        ("    a / b ¦+ c", None, "c"),
        ("    a ¦+ b * c", "a", None),
        ("    -a ¦/ b", None, "b"),
        ("    share ¦/= count;", "share", "count"),
        ("    share ¦/= count + 1;", None, None),
    ],
)
def test_both_sides_of_an_operator(marked: str, lhs: str | None, rhs: str | None) -> None:
    found = expression_at(*at(marked))
    assert found is not None
    assert (found.lhs, found.rhs) == (lhs, rhs)


@pytest.mark.parametrize(
    ("marked", "callee", "args"),
    [
        ("    v = ¦bpf_map_lookup_elem(&flows, &key);", "bpf_map_lookup_elem", ("&flows", "&key")),
        ('    ¦foo(a, b(c, d), "x,y", e[1, 2]);', "foo", ("a", "b(c, d)", '"x,y"', "e[1, 2]")),
        ("    ¦now();", "now", ()),
        ("    ¦bpf_map_update_elem(&flows, &key,", "bpf_map_update_elem", ()),
    ],
)
def test_arguments_of_a_call(marked: str, callee: str, args: tuple[str, ...]) -> None:
    found = expression_at(*at(marked))
    assert found is not None
    assert (found.callee, found.args) == (callee, args)


@pytest.mark.parametrize("marked", ["    a->b¦[3] = 1;", "    ¦return 3;", "    x = ¦(y);", "  ¦", "    if ¦(x)", "    a b ¦; c"])
def test_what_is_not_plain_gives_nothing(marked: str) -> None:
    assert expression_at(*at(marked)) is None


@pytest.mark.parametrize(
    ("marked", "doubtful"), [("a->¦b[3] = 1;", True), ("a[i]¦[j] = 3;", False), ("a[i][j] ¦= 3;", True), ("p[i] ¦= 3;", False)]
)
def test_arrays_and_pointers_look_alike(marked: str, doubtful: bool) -> None:
    found = expression_at(*at(marked))
    assert (found is not None and found.doubtful) == doubtful


def test_names_and_lengths() -> None:
    assert leading_name("&flow->bytes") == "flow"
    assert leading_name("((*p)->x)") == "p"
    assert leading_name("12") == ""
    assert short("x" * 200) == "x" * 79 + "…"
    assert short("x") == "x"
    assert [token.text for token in tokens("a /* b */ c // d")] == ["a", "c"]


@given(st.text(alphabet=list("ab*&->.[](){}+-/%=<>,;0 \"'\\ é\t"), max_size=40), st.integers(0, 45))
def test_any_line_is_survived(text: str, column: int) -> None:
    found = expression_at(text, column)
    if found is not None:
        assert 1 <= found.start < found.end <= len(text) + 1
        assert " ".join(text[found.start - 1 : found.end - 1].split()) == found.whole
