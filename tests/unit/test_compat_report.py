"""The porting report: its parts, the command, JSON by the schema, Markdown, and the calls of applications."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import bpfcc
import bpfcc.compat.report_calls as report_calls_module
from bpfcc.cli.app import run
from bpfcc.compat.report import make_report, places_text, to_markdown
from bpfcc.compat.report_calls import is_application, report_calls
from bpfcc.compat.rewrite.core import CoreUse
from bpfcc.compat.rewrite.entries import Place
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.porting import port

HEADERS = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
PLAIN = HEADERS + 'SEC("xdp") int plain(struct xdp_md *ctx) { return ctx->ingress_ifindex == 1 ? XDP_DROP : XDP_PASS; }\n'
HASHED = (
    HEADERS
    + """
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } flows SEC(".maps");
SEC("xdp") int fills(struct xdp_md *ctx)
{
	__u32 key = ctx->ingress_ifindex;
	bpf_map_update_elem(&flows, &key, &key, BPF_ANY);
	return XDP_PASS;
}
SEC("xdp") int queue(struct xdp_md *ctx) { return ctx->rx_queue_index ? XDP_PASS : XDP_DROP; }
SEC("tc") int cls(struct __sk_buff *skb) { return 0; }
SEC("xdp") int wild(struct xdp_md *ctx) { return *(char *)(long)ctx->data ? XDP_PASS : XDP_DROP; }
SEC("xdp.frags") int frags(struct xdp_md *ctx) { return XDP_PASS; }
SEC("cgroup/connect6") int six(struct bpf_sock_addr *ctx) { return ctx->user_family == 10; }
"""
)
APPLICATION = """
#include <bpf/libbpf.h>
#include <bpf/bpf.h>

static int libbpf_mine(void) { return 0; }

int main(void)
{
	struct bpf_object *obj = bpf_object__open_file("x.o", NULL);
	/* bpf_map_freeze(3) in a comment is no call */
	const char *text = "libbpf_set_print(";
	bpf_map_lookup_elem(3, &obj, &text);
	bpf_map_freeze(3);
	return libbpf_mine() + bpf_tc_attach(0, 0);
}
"""


SPARE = (("DEVMAP", "ports"), ("HASH", "notes"))


def schema() -> Any:
    return json.loads((files("bpfcc") / "schemas" / "compat-1.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("plain.bpf.c", PLAIN), ("hashed.bpf.c", HASHED), ("app.c", APPLICATION)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, schema())
    return found


# ---- the command


def test_what_ports_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", str(folder / "plain.bpf.c"), "--json"]) == 0
    found = document(capsys)
    assert (found["schema"], found["verdict"], found["summary"]) == ("bpfcc.compat/1", "ports", "ports as it is")
    (program,) = found["programs"]
    assert program["windows"] == {"section": "xdp", "type": "xdp", "attach_type": "xdp"}
    assert program["verification"]["verdict"] == "accepted"
    field = next(each for each in program["entries"] if each["name"] == "xdp_md.ingress_ifindex")
    assert (field["kind"], field["windows"], field["count"]) == ("same", "xdp_md_t.ingress_ifindex", 1)
    assert field["places"][0]["source"]["line"] == 3


def test_one_program_of_many_kinds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", str(folder / "hashed.bpf.c"), "--json"]) == 1
    found = document(capsys)
    assert {each["name"]: each["verdict"] for each in found["programs"]} == {
        "fills": "differs", "queue": "absent", "cls": "absent", "wild": "rejected", "frags": "differs", "six": "differs",
    }  # fmt: skip
    by_name = {each["name"]: each for each in found["programs"]}
    assert by_name["queue"]["why"] == ["field xdp_md.rx_queue_index: the context of Windows has no queue"]
    assert by_name["cls"]["windows"] is None
    assert by_name["wild"]["why"][0].startswith("V011 ")
    assert by_name["wild"]["verification"]["findings"][0]["source"]["line"] == 13
    assert "several buffers" in by_name["frags"]["why"][0]
    assert found["verdict"] == "absent"
    # Names alone, and those that are rejected beside those that lack something.
    assert found["summary"] == "does not port (queue: xdp_md.rx_queue_index; cls: tc; rejected by the verifier: wild: V011)"


def test_the_last_line_is_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "many.bpf.c"
    fields = "{ return ctx->rx_queue_index + ctx->egress_ifindex + bpf_get_current_uid_gid(); }"
    source.write_text(
        HEADERS + "".join(f'SEC("xdp") int lacks{each}(struct xdp_md *ctx) {fields}\n' for each in range(7)), encoding="utf-8"
    )
    assert run(["compat", str(source), "--json"]) == 1
    named = "; ".join(f"lacks{each}: bpf_get_current_uid_gid and 2 more" for each in range(4))
    assert document(capsys)["summary"] == f"does not port ({named}; 3 more)"


def test_what_is_rejected_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", str(folder / "hashed.bpf.c"), "--program", "wild", "--json"]) == 1
    assert document(capsys)["summary"] == "does not port: the verifier rejects the result (wild: V011)"


@pytest.mark.parametrize(("program", "status"), [("fills", 0), ("queue", 1), ("wild", 1), ("cls", 1), ("none", 2)])
def test_exit_statuses(program: str, status: int, folder: Path) -> None:
    assert run(["compat", str(folder / "hashed.bpf.c"), "--program", program]) == status


def test_text(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    assert run(["compat", str(folder / "hashed.bpf.c"), "--program", "fills"]) == 0
    shown = capsys.readouterr().out
    assert "fills (section xdp is xdp there): ports, with differences" in shown
    assert "before that change a hash has no bound: an update never gives E2BIG there" in shown
    assert "hashed.bpf.c:8" in shown
    assert "the same there: xdp, XDP_PASS, bpf_map_update_elem" in shown
    assert run(["compat", str(folder / "hashed.bpf.c"), "--program", "fills", "-v"]) == 0
    shown = capsys.readouterr().out
    assert "the same there" not in shown
    assert "xdp_md_t.ingress_ifindex" in shown


@pytest.mark.parametrize("columns", ["60", "110", "300"])
def test_names_are_never_cut(columns: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One layout for the whole report, whatever the screen has room for."""
    name = "a_name_of_a_map_that_takes_nearly_all_the_characters_there_are"
    source = tmp_path / "wide.bpf.c"
    source.write_text(HASHED.replace("flows", name), encoding="utf-8")
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["compat", str(source)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert not any(set(line) & set("│┃╭─┌") for line in lines)
    rows = [line for line in lines if line.startswith(("absent ", "differs "))]
    assert len(rows) >= 5
    assert any(f"{name} (hash)" in row for row in rows)
    starts = {row.index(what) for row in rows for what in ("field ", "section ", "map ") if f"  {what}" in row}
    assert len(starts) == 1
    limit = max(int(columns), *map(len, rows))
    assert all(len(line) <= limit for line in lines if line.startswith(" " * 10))
    assert any("xdp_md.rx_queue_index" in row and ("has no queue" in row) == (columns == "300") for row in rows)


def test_calls_that_never_succeed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "encap.bpf.c"
    source.write_text(
        HEADERS + 'SEC("xdp") int encap(struct xdp_md *ctx) { return bpf_xdp_adjust_head(ctx, -20) ? XDP_DROP : XDP_TX; }\n',
        encoding="utf-8",
    )
    assert run(["compat", str(source)]) == 0
    shown = capsys.readouterr().out
    assert "encap (section xdp is xdp there): ports, with differences; bpf_xdp_adjust_head never succeeds there" in shown
    assert shown.endswith("ports, with differences (encap: bpf_xdp_adjust_head); bpf_xdp_adjust_head never succeeds there\n")
    assert run(["compat", str(source), "--markdown"]) == 0
    assert capsys.readouterr().out.count("bpf_xdp_adjust_head never succeeds there.") == 2


def test_maps_that_no_program_uses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "spare.bpf.c"
    sizes = "__uint(max_entries, 4); __type(key, __u32); __type(value, __u32)"
    spare = [f'struct {{ __uint(type, BPF_MAP_TYPE_{kind}); {sizes}; }} {name} SEC(".maps");\n' for kind, name in SPARE]
    source.write_text(PLAIN + "".join(spare), encoding="utf-8")
    assert run(["compat", str(source), "--json"]) == 0
    found = document(capsys)
    (only,) = found["maps"]
    assert (only["name"], only["kind"], only["windows"], only["depends"]) == ("ports (devmap)", "differs", None, True)
    assert only["reason"] == "Windows cannot send a frame elsewhere; no program uses it: it is left out of the image"
    assert (found["verdict"], found["summary"]) == ("differs", "ports, with differences (ports (devmap))")
    assert found["programs"][0]["verdict"] == "ports"
    assert run(["compat", str(source)]) == 0
    assert "no program uses it" in " ".join(capsys.readouterr().out.split())
    assert run(["compat", str(source), "--markdown"]) == 0
    assert "## Maps that no program uses" in capsys.readouterr().out


def test_markdown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compat", str(folder / "hashed.bpf.c"), "--program", "fills", "--markdown"]) == 0
    shown = capsys.readouterr().out
    assert "## fills" in shown
    rows = [line for line in shown.splitlines() if line.startswith("| ")]
    assert all(row.count(" | ") == 5 for row in rows)
    assert any("`flows (hash)`" in row for row in rows)


def test_several_inputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.o").write_bytes(b"\x7fELF nothing")
    assert run(["compat", str(folder / "plain.bpf.c"), str(folder / "bad.o"), "--json"]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for each in lines:
        jsonschema.validate(each, schema())
    assert [each.get("verdict") for each in lines] == ["ports", None]
    assert lines[1]["error"]["kind"] == "input"
    assert run(["compat", str(folder / "bad.o")]) == 2
    assert run(["compat", str(folder / "none.o")]) == 2
    assert run(["compat", str(folder / "plain.bpf.c"), "--json", "--markdown"]) == 2


def test_the_schema_refuses() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    for wrong in ({}, {"schema": "bpfcc.compat/1", "object": "x", "verdict": "maybe", "summary": "", "programs": [], "calls": []}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema())


def test_core_relocations(tmp_path: Path) -> None:
    source = tmp_path / "core.bpf.c"
    source.write_text(
        '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n'
        'SEC("xdp") int f(struct xdp_md *ctx) { void *end = (void *)(long)ctx->data_end; struct ethhdr *eth = (void *)(long)ctx->data;'
        " if ((void *)(eth + 1) > end) return XDP_PASS; return eth->h_proto ? XDP_PASS : XDP_DROP; }\n",
        encoding="utf-8",
    )
    found = port(bpfcc.compile(source).programs["f"])
    core = [each for each in found.entries if each.what == "core"]
    assert core
    assert {each.kind for each in core} == {"same"}
    assert {each.windows for each in core} == {"xdp_md", "ethhdr"}
    assert {each.name for each in core} == {"the offset of xdp_md.data", "the offset of xdp_md.data_end", "the offset of ethhdr.h_proto"}
    assert found.verdict is not None
    assert found.verdict.accepted


def test_what_core_relocations_are_called() -> None:
    assert CoreUse("f", 0, "task_struct", "se.vruntime", 0).name == "the offset of task_struct.se.vruntime"
    assert CoreUse("f", 0, "task_struct", "[3].pid", 2).name == "the existence of task_struct[3].pid"
    assert CoreUse("f", 0, "task_struct", "", 9).name == "the size of task_struct"
    assert CoreUse("f", 0, "task_struct", " (0:99)", 1).name == "the size of task_struct (0:99)"
    assert CoreUse("f", 0, "bpf_func_id", "BPF_FUNC_loop", 11).name == "the value of bpf_func_id.BPF_FUNC_loop"


def test_text_of_strangers_is_escaped() -> None:
    found = port(bpfcc.Program.from_bytes(bytes.fromhex("b700000002000000 9500000000000000"), type="xdp", name="a|b<script>\n"))
    shown = to_markdown(make_report("x", [found]))
    assert "a\\|b&lt;script>?" in shown


def test_places_in_words() -> None:
    places = [Place("f", 3, SourcePosition("/a/x.c", line)) for line in (4, 4, 9, 12, 13)] + [Place("g", 7)]
    assert places_text(places, 6) == "x.c:4, 9, 12 and 2 more"
    assert places_text([Place("f", 3, SourcePosition(file, line)) for file, line in (("b.c", 24), ("a.c", 7), ("b.c", 16))], 3) == (
        "b.c:16, 24, a.c:7"
    )
    assert places_text(places[-1:], 1) == "g():7"
    assert places_text((), 0) == ""


# ---- applications


def test_calls_of_an_application(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_application(folder / "app.c")
    assert not is_application(folder / "plain.bpf.c")
    assert run(["compat", str(folder / "app.c"), "--json"]) == 1
    found = document(capsys)
    assert found["programs"] == []
    assert {each["name"]: each["kind"] for each in found["calls"]} == {
        "bpf_map_freeze": "absent", "bpf_map_lookup_elem": "same", "bpf_object__open_file": "differs", "bpf_tc_attach": "absent",
    }  # fmt: skip
    freeze = next(each for each in found["calls"] if each["name"] == "bpf_map_freeze")
    assert freeze["reason"] == "maps cannot be frozen"
    assert (freeze["places"][0]["function"], freeze["places"][0]["source"]["line"]) == ("main", 13)


SKELETON = """
#include "lb.skel.h"
static int tree__open(void) { return 0; }
extern int door__open(void);
int main(void)
{
	struct lb_bpf *skel = lb_bpf__open_and_load();
	lb_bpf__attach(skel);
	lb_bpf__destroy(skel);
	return tree__open() + door__open();
}
"""
SKELETON_HEADER = """
#include <bpf/libbpf.h>
struct lb_bpf;
struct lb_bpf *lb_bpf__open_and_load(void);
static inline int lb_bpf__attach(struct lb_bpf *skel) { return bpf_object__attach_skeleton(skel); }
static inline void lb_bpf__destroy(struct lb_bpf *skel) { bpf_object__destroy_skeleton(skel); }
"""


@pytest.mark.parametrize("header", [None, SKELETON_HEADER])
def test_skeletons_are_absent(header: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.c"
    path.write_text(SKELETON, encoding="utf-8")
    if header is not None:
        (tmp_path / "lb.skel.h").write_text(header, encoding="utf-8")
    assert run(["compat", str(path), "--json"]) == 1
    found = document(capsys)
    assert {each["name"]: each["kind"] for each in found["calls"]} == dict.fromkeys(
        ("lb_bpf__open_and_load", "lb_bpf__attach", "lb_bpf__destroy"), "absent"
    )
    reasons = {each["name"]: each["reason"] for each in found["calls"]}
    assert "bpf_object__open_file and bpf_object__load" in reasons["lb_bpf__open_and_load"]
    assert "bpf_program__attach" in reasons["lb_bpf__attach"]
    assert found["summary"] == "does not port (lb_bpf__attach; lb_bpf__destroy; lb_bpf__open_and_load)"


def test_macros_are_what_they_are_made_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.c"
    path.write_text(
        "#include <bpf/libbpf.h>\n#define bpf_frozen(fd) bpf_map_freeze(fd)\n#define bpf_harmless(x) ((x) + 1)\n"
        "int main(void) { struct bpf_map *map; struct bpf_program *prog; void *obj = 0;\n"
        "bpf_object__for_each_program(prog, obj) { }\nbpf_object__for_each_map(map, obj) { }\nbpf_map__for_each(map, obj) { }\n"
        "return bpf_harmless(bpf_frozen(3)); }\n",
        encoding="utf-8",
    )
    assert run(["compat", str(path), "--json"]) == 1
    kinds = {each["name"]: each["kind"] for each in document(capsys)["calls"]}
    assert kinds.pop("bpf_map_freeze") == "absent"
    assert "bpf_harmless" not in kinds
    assert {"bpf_object__for_each_program", "bpf_object__for_each_map", "bpf_map__for_each"} <= set(kinds)
    assert set(kinds.values()) == {"same"}


def test_an_application_without_trouble(tmp_path: Path) -> None:
    path = tmp_path / "app.c"
    path.write_text("#include <bpf/bpf.h>\nint main(void) { return bpf_map_delete_elem(3, 0); }\n", encoding="utf-8")
    assert run(["compat", str(path)]) == 0
    assert run(["compat", str(path), "--program", "f"]) == 2
    with pytest.raises(InputError, match="cannot be read"):
        report_calls(tmp_path / "none.c")


def test_an_application_without_libclang(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UnsupportedError("libclang", "questions about C source need libclang")

    monkeypatch.setattr(report_calls_module, "open_index", missing)
    assert run(["compat", str(folder / "app.c")]) == 3


# ---- what is refused, and what to write instead

LINES = (
    HEADERS
    + """
SEC("xdp") int four(struct xdp_md *ctx) { bpf_printk("%u %u %u %u", 1, 2, ctx->ingress_ifindex, 4); return XDP_PASS; }
SEC("xdp") int counted(struct xdp_md *ctx) { return bpf_printk("%u %u %u %u", 1, 2, ctx->ingress_ifindex, 4) > 3 ? XDP_PASS : XDP_DROP; }
SEC("xdp") int loops(struct xdp_md *ctx) { int i, sum = 0; bpf_for(i, 0, 3) sum += i; return sum; }
"""
)


def test_lines_of_four_numbers_block_nothing(tmp_path: Path) -> None:
    """Nothing is printed; where nobody looks at what is returned, that harms nobody."""
    source = tmp_path / "lines.bpf.c"
    source.write_text(LINES, encoding="utf-8")
    found = bpfcc.compile(source)
    reports = {each.name: each for each in make_report("x", [port(program) for program in found.programs.values()]).programs}
    assert reports["four"].verdict == "ports"
    (line,) = [each for each in reports["four"].entries if each.name == "bpf_trace_vprintk"]
    assert (line.kind, line.depends, line.reason) == ("differs", False, "nothing is printed: at most 3 numbers at once")
    assert reports["counted"].verdict == "differs"
    absent = [each for each in reports["loops"].entries if each.kind == "absent"]
    assert {each.name for each in absent} == {"bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy"}
    assert all("use bpf_loop" in each.reason for each in absent)
