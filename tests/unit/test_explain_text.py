"""What a terminal shows of a verdict: places, carets, notes, help, the command that reproduces it; and nothing that harms the terminal."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from bpfcc.diagnostics import SourcePosition
from bpfcc.explain import describe_fact, render_verdict
from bpfcc.explain.quote import MAX_LINE, line_text, printable, quoted, short_path
from bpfcc.explain.text import MAX_HEX, duration, painter
from bpfcc.verifier.verdict import Counterexample, Finding, Related, Stats, Verdict

LINE = "    if (eth->h_proto == 8)"
PLACE = SourcePosition("filter.bpf.c", 14, 9, 14, 21, LINE)
CHECK = SourcePosition("filter.bpf.c", 12, 9, 12, 24, "    if (data > data_end)")
FINDING = Finding(
    "V011", "error", "2 bytes at eth + 12", "filter", 17, required="eth + 14 <= data_end", known="nothing", cause="source", role="base",
    related=(Related("another pointer was checked", 9, CHECK), Related("the same in 1 more instruction of this line", 17, PLACE)),
    suggestion="write `if (x)` before line 14", source=PLACE,
)  # fmt: skip
STATS = Stats(insns=1031, time_us=850, max_path_insns=2120, stack_bytes=24)


def verdict(*findings: Finding) -> Verdict:
    status = "rejected" if any(f.level == "error" for f in findings) else "accepted"
    return Verdict("filter", "xdp", "xdp", "linux", status, findings, STATS)


def test_a_finding_in_full() -> None:
    assert (
        render_verdict(verdict(FINDING), color=False)
        == """\
filter.bpf.c:14:9: error[V011]: access outside of the packet
   14 |     if (eth->h_proto == 8)
      |         ^~~~~~~~~~~~ 2 bytes at eth + 12
      = required: eth + 14 <= data_end
      = known: nothing
      = help: write `if (x)` before line 14
      = note: the same in 1 more instruction of this line
filter.bpf.c:12:9: note: another pointer was checked
   12 |     if (data > data_end)
      |         ^~~~~~~~~~~~~~~

filter (xdp): rejected: 1 error; 1,031 instructions, at most 2,120 executed, 24 bytes of stack, 850 µs"""
    )


def test_accepted_is_one_line() -> None:
    shown = render_verdict(replace(verdict(), stats=replace(STATS, insns=1, max_path_insns=None), type=None), color=False)
    assert shown == "filter: accepted: 1 instruction, 24 bytes of stack, 850 µs"


def test_warnings_are_counted() -> None:
    shown = render_verdict(
        verdict(replace(FINDING, code="V021", level="warning"), replace(FINDING, code="V002", level="warning")), color=False
    )
    assert "warning[V021]: the divisor can be zero" in shown
    assert "filter (xdp): accepted: 2 warnings; " in shown


def test_without_a_place_the_instruction_is_named() -> None:
    bare = replace(FINDING, source=None, related=(Related("acquired", 3), Related("somewhere", -1)))
    shown = render_verdict(verdict(bare), color=False).splitlines()
    assert shown[:2] == ["filter: instruction 17: error[V011]: access outside of the packet", "      = 2 bytes at eth + 12"]
    assert "      = note: acquired (instruction 3)" in shown
    assert "      = note: somewhere" in shown
    assert render_verdict(verdict(replace(bare, insn=-1)), color=False).startswith("filter: error[V011]:")


def test_long_messages_stand_alone() -> None:
    shown = render_verdict(verdict(replace(FINDING, message="x" * 101)), color=False).splitlines()
    assert shown[2] == "      |         ^~~~~~~~~~~~"
    assert shown[3] == f"      = {'x' * 101}"
    assert "2 bytes" not in render_verdict(verdict(replace(FINDING, message="access outside of the packet")), color=False)


@pytest.mark.parametrize(
    ("cause", "word"),
    [("analysis-limit", "analysis"), ("compiler", "compiler"), ("environment", "environment"), ("unsupported", "feature")],
)
def test_other_causes_are_said(cause: str, word: str) -> None:
    shown = render_verdict(verdict(replace(FINDING, cause=cause)), color=False)  # type: ignore[arg-type]
    assert any(line.startswith("      = cause: ") and word in line for line in shown.splitlines())
    assert "cause" not in render_verdict(verdict(FINDING), color=False)


class TestCounterexample:
    def command(self, example: Counterexample, **given: str) -> list[str]:
        shown = render_verdict(verdict(replace(FINDING, counterexample=example)), color=False, **given)
        line = next(line for line in shown.splitlines() if "= command: " in line)
        return shlex.split(line.partition("= command: ")[2])

    def test_the_command_is_ready(self) -> None:
        words = self.command(Counterexample(packet=b"\x01\xff", trap="out of bounds", steps=1), object_name="my dir/f.o")
        assert words == ["bpfcc", "run", "my dir/f.o", "--program", "filter", "--checked", "--hex", "01ff"]

    def test_what_happens_is_said(self) -> None:
        trap = "/src/filter.bpf.c:14:13: filter, instruction 17: out of bounds"
        example = Counterexample(packet=b"", trap=trap, steps=2, context={"ifindex": 3})
        shown = render_verdict(verdict(replace(FINDING, counterexample=example)), color=False)
        assert "      = counterexample: with a packet of 0 bytes: out of bounds, after 2 instructions\n" in shown
        assert "      = context: ifindex = 3 (`run(context=…)` in Python)\n" in shown

    def test_surroundings_and_repetition(self) -> None:
        example = Counterexample(packet=b"", environment={"clock_ns": 5, "comm": "init", "repeat": 3})
        assert self.command(example)[-2:] == ["--repeat", "3"]
        shown = render_verdict(verdict(replace(FINDING, counterexample=example)), color=False)
        assert "      = environment: clock_ns = 5, comm = init\n" in shown

    def test_maps_are_shown_and_named(self) -> None:
        example = Counterexample(data=b"\0", maps={"m": {"1": 2}})
        words = self.command(example)
        assert words == ["bpfcc", "run", "FILE", "--program", "filter", "--checked", "--hex", "00", "--maps", "MAPS.json"]
        assert '= maps: put into a file MAPS.json: {"m": {"1": 2}}' in render_verdict(
            verdict(replace(FINDING, counterexample=example)), color=False
        )

    def test_long_inputs_are_not_shown(self) -> None:
        shown = render_verdict(verdict(replace(FINDING, counterexample=Counterexample(packet=bytes(MAX_HEX)))), color=False)
        assert "too long to be shown" in shown
        assert len(shown) < MAX_HEX


class TestHostileText:
    EVIL = "\x1b[2J\x07\u202eevil\r\n"

    def test_nothing_reaches_the_terminal_as_a_command(self) -> None:
        place = SourcePosition(f"a{self.EVIL}.c", 3, 1, text=self.EVIL)
        found = replace(
            FINDING, message=self.EVIL, required=self.EVIL, known=self.EVIL, suggestion=self.EVIL, function=self.EVIL, source=place,
            related=(Related(self.EVIL, 1, place), Related(self.EVIL, 2)),
            counterexample=Counterexample(b"", None, {self.EVIL: 1}, {self.EVIL: self.EVIL}, {"comm": self.EVIL}, self.EVIL),
        )  # fmt: skip
        judged = replace(verdict(found), name=self.EVIL, type=self.EVIL)
        shown = render_verdict(judged, color=False, object_name=self.EVIL)
        assert all(c in {"\n", "\t"} or c.isprintable() for c in shown)
        colored = render_verdict(judged, color=True, object_name=self.EVIL)
        assert "\x1b[2J" not in colored
        assert "\x07" not in colored

    def test_printable(self) -> None:
        assert printable("a\tb\x1bc\u200fd\xa0e") == "a\tb?c?d?e"


def test_colour() -> None:
    colored = render_verdict(verdict(FINDING), color=True)
    assert "\x1b[1;31merror[V011]:\x1b[0m" in colored
    assert "\x1b[1;31mrejected\x1b[0m" in colored
    assert painter(color=False)("x", "error") == "x"
    assert "\x1b" not in render_verdict(verdict(FINDING), color=False)


class TestQuote:
    @staticmethod
    def lines(position: SourcePosition) -> list[str]:
        return list(quoted(position, lambda text, _style: text))

    def test_tabs_stay_in_the_margin(self) -> None:
        assert self.lines(SourcePosition("a.c", 3, 3, text="\t\tx = 1;")) == ["    3 | \t\tx = 1;", "      | \t\t^"]

    def test_wide_characters_take_two_columns(self) -> None:
        position = SourcePosition("a.c", 3, 6, 3, 8, text="漢字e\u0301 xy")
        assert self.lines(position)[1] == "      | " + " " * 6 + "^~"

    def test_only_the_line_where_no_column_is_known(self) -> None:
        assert self.lines(SourcePosition("a.c", 3, text="x")) == ["    3 | x"]

    def test_the_file_serves_where_the_object_has_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "a.c"
        path.write_text("one\ntwo\n")
        assert self.lines(SourcePosition(str(path), 2, 1))[0] == "    2 | two"
        assert self.lines(SourcePosition(str(path), 3, 1)) == []
        assert self.lines(SourcePosition(str(tmp_path), 1, 1)) == []
        assert self.lines(SourcePosition("\0", 1, 1)) == []

    def test_endless_lines_are_not_shown(self) -> None:
        assert line_text(SourcePosition("a.c", 1, 1, text="x" * (MAX_LINE + 1))) is None

    def test_ends_beyond_the_line_are_cut(self) -> None:
        assert self.lines(SourcePosition("a.c", 1, 3, 1, 99, text="abcd"))[1] == "      |   ^~"

    def test_paths_below_here_are_short(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        assert short_path(str(tmp_path / "a" / "b.c")) == str(Path("a") / "b.c")
        assert short_path("/elsewhere/b.c") == "/elsewhere/b.c"


@pytest.mark.parametrize(
    ("microseconds", "text"), [(0, "0 µs"), (999, "999 µs"), (1850, "1.85 ms"), (253_000, "253 ms"), (2_500_000, "2.5 s")]
)
def test_durations(microseconds: int, text: str) -> None:
    assert duration(microseconds) == text


def test_facts() -> None:
    assert describe_fact("len", "[0, 1500]") == "len: [0, 1500]"
    assert describe_fact("p\x1b", " a\n b ") == "p?: a b"
    assert describe_fact("p", "") == "p: nothing is known"
    assert len(describe_fact("p", "x" * 1000)) < 210
