"""The command: what it prints, its exit statuses, its documents. Most run in this process, as the entry point does."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bpfcc import __version__
from bpfcc.captures import CaptureWriter, open_capture
from bpfcc.cli.app import COMMANDS, run
from bpfcc.cli.options import worst

ROOT = Path(__file__).parents[2]
FIREWALL = ROOT / "examples/firewall.bpf.c"
TRAFFIC = ROOT / "examples/traffic.pcap"
BLOCKLIST = ROOT / "examples/blocklist.json"

PROGRAMS = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sample { __u32 length; char name[8]; };
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} samples SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");
const volatile __u32 threshold = 3;
__u64 total;

SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }

SEC("xdp") int wild(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	return data[100] ? XDP_PASS : XDP_DROP;
}

SEC("xdp") int endless(struct xdp_md *ctx)
{
	volatile int i = 0;
	while (1)
		i++;
	return 0;
}

SEC("xdp") int watch(struct xdp_md *ctx)
{
	struct sample sample = { .length = ctx->data_end - ctx->data, .name = "watch" };
	__u32 key = sample.length > threshold;
	__u64 one = 1, *count = bpf_map_lookup_elem(&seen, &key);
	total++;
	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &sample, sizeof(sample));
	bpf_printk("length %u", sample.length);
	return key ? XDP_PASS : XDP_DROP;
}
static __noinline int keep(struct sample *sample) { return sample->length; }
SEC("xdp") int uses(struct xdp_md *ctx) { struct sample s = { .length = ctx->data }; return keep(&s) & 1; }

SEC("mystery") int unknown(void *ctx) { return 0; }

char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as wide as they like, whatever terminal the tests are run in."""
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "programs.bpf.c"
    path.write_text(PROGRAMS)
    return path


@pytest.fixture(scope="module")
def compiled(source: Path) -> Path:
    """The same as an object: no compiler for each test."""
    output = source.with_name("programs.o")
    assert run(["build", "-q", "--no-verify", str(source), "-o", str(output)]) == 0
    return output


@pytest.fixture(scope="module")
def firewall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("firewall") / "firewall.o"
    assert run(["build", "-q", "--no-verify", str(FIREWALL), "-o", str(output)]) == 0
    return output


def execute(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "bpfcc", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def schema(name: str) -> Any:
    return json.loads((files("bpfcc") / "schemas" / f"{name}.json").read_text(encoding="utf-8"))


class TestRun:
    """Checked runs: what the programs do is the point, not what their verdicts say (that is in test_verify_cli)."""

    def test_the_example(self, firewall: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(firewall), "--pcap", str(TRAFFIC), "--maps", str(BLOCKLIST)]) == 0
        output = capsys.readouterr().out
        rows = {line.split()[1]: line.split()[3] for line in output.splitlines() if line.startswith("│ XDP")}
        assert rows == {"XDP_PASS": "221", "XDP_DROP": "47", "XDP_TX": "16"}
        for expected in (
            "BLOCKED",
            "2001:db8:bad::/48",
            "192.0.2.10",
            "malformed packet of 20 bytes",
            "(checked)",
            "events of map events: 47",
        ):
            assert expected in output

    def test_its_document(self, firewall: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(firewall), "--pcap", str(TRAFFIC), "--maps", str(BLOCKLIST), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        jsonschema.validate(document, schema("run-1"))
        program = document["programs"][0]
        assert (program["name"], program["type"], program["packets"], program["traps"]["count"]) == ("firewall", "xdp", 284, 0)
        assert {row["name"]: row["runs"] for row in program["verdicts"]} == {"XDP_PASS": 221, "XDP_DROP": 47, "XDP_TX": 16}
        maps = {found["name"]: found for found in program["maps"]}
        assert maps["counters"]["entries"][3] == {"key": "BLOCKED", "value": [{"packets": 26, "bytes": 3148}]}
        assert sum(entry["value"]["hits"] for entry in maps["blocklist"]["entries"]) == 26
        first = program["events"]["records"][0]
        assert first["record"]["reason"] == "BLOCKED"
        assert first["record"]["flow"]["source"].startswith(("203.0.113.", "198.51.100.", "2001:db8:bad:"))
        assert [line["text"] for line in program["trace"]["lines"]][:1] == ["malformed packet of 20 bytes"]

    def test_two_runs_say_the_same(self, firewall: Path, capsys: pytest.CaptureFixture[str]) -> None:
        documents = []
        for _ in range(2):
            assert run(["run", "--checked", str(firewall), "--pcap", str(TRAFFIC), "--json"]) == 0
            document = json.loads(capsys.readouterr().out)
            for name in ("total_ns", "ns_per_run"):
                del document["programs"][0][name]
            documents.append(document)
        assert documents[0] == documents[1]

    @pytest.mark.parametrize("name", ["out.pcap", "out.pcapng"])
    def test_what_goes_on_is_written(self, firewall: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        output = tmp_path / name
        assert run(["run", "--checked", str(firewall), "--pcap", str(TRAFFIC), "--maps", str(BLOCKLIST), "--pcap-out", str(output)]) == 0
        assert f"wrote {output} (237 packets)" in capsys.readouterr().err
        with open_capture(TRAFFIC) as capture:
            before = list(capture)
        with open_capture(output) as capture:
            assert capture.format == output.suffix[1:]
            after = list(capture)
        assert len(after) == 221 + 16
        assert {packet.time_ns for packet in after} <= {packet.time_ns for packet in before}
        # Answered pings carry their new addresses and type, with a checksum that still holds.
        known = {packet.data for packet in before}
        changed = [packet.data for packet in after if packet.data not in known]
        assert len(changed) == 16
        assert all(data[34] == 0 and internet_sum(data[34:]) == 0xFFFF for data in changed)
        assert list(tmp_path.iterdir()) == [output]

    def test_every_program_runs_and_the_worst_counts(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(compiled), "--hex", "00" * 8, "--max-steps", "1000", "--json"]) == 1
        captured = capsys.readouterr()
        document = json.loads(captured.out)
        jsonschema.validate(document, schema("run-1"))
        programs = {program["name"]: program for program in document["programs"]}
        assert programs["pass"]["result"]["value"] == 2
        assert programs["wild"]["traps"]["shown"][0]["kind"] == "access"
        assert programs["endless"]["traps"]["shown"][0]["kind"] == "budget"
        assert programs["unknown"]["error"]["kind"] == "unsupported"
        assert "--type mystery=TYPE" in captured.err

    def test_a_trap_shows_the_line(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(compiled), "--program", "wild", "--hex", "00" * 8]) == 1
        output = capsys.readouterr().out
        assert "byte 100 of a packet of 8" in output
        assert "return data[100]" in output
        assert "^" in output

    def test_traps_of_a_capture_are_counted(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(compiled), "--program", "wild", "--pcap", str(TRAFFIC), "--json"]) == 1
        program = json.loads(capsys.readouterr().out)["programs"][0]
        short = sum(len(packet.data) <= 100 for packet in packets_of(TRAFFIC))
        assert program["traps"]["count"] == short
        assert sum(row["runs"] for row in program["verdicts"]) == 284 - short

    def test_perf_events_and_seeds(self, compiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        seeds = tmp_path / "seeds.json"
        seeds.write_text(json.dumps({"seen": {"1": 10}, ".rodata": {"threshold": 20}}))
        arguments = ["run", "--checked", str(compiled), "--program", "watch", "--hex", "00" * 8, "--maps", str(seeds), "--repeat", "3"]
        assert run([*arguments, "--record", "samples=sample", "--json"]) == 0
        program = json.loads(capsys.readouterr().out)["programs"][0]
        jsonschema.validate(
            {"schema": "bpfcc.run/1", "source": "", "backend": "", "platform": "", "checked": True, "programs": [program]}, schema("run-1")
        )
        assert program["result"]["value"] == 1
        assert [event["record"] for event in program["events"]["records"]] == [{"length": 8, "name": "watch"}] * 3
        maps = {found["name"]: found for found in program["maps"]}
        assert maps["seen"]["entries"] == [{"key": 0, "value": 3}, {"key": 1, "value": 10}]
        assert maps[".bss"]["entries"][0]["value"] == {"total": 3}
        assert program["trace"]["lines"][0]["text"] == "length 8"

    def test_what_is_not_kept_is_counted(self, compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bpfcc.report.MAX_RECORDS", 5)
        assert run(["run", "--checked", str(compiled), "--program", "watch", "--pcap", str(TRAFFIC)]) == 0
        output = capsys.readouterr().out
        assert "there were 284 events; the first 5 are kept" in output
        assert "trace output: 284 lines" in output
        assert "279 more" in output

    def test_unknown_events_are_shown_in_hex(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(compiled), "--program", "watch", "--hex", "00" * 8]) == 0
        output = capsys.readouterr().out
        assert "--record samples=TYPE" in output
        assert "0800000077617463" in output

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (["--program", "nope"], 2, "no program 'nope'"),
            (["--hex", "0g"], 2, "not hexadecimal"),
            (["--hex", "00", "--data", "x"], 2, "exclude each other"),
            (["--pcap-out", "x.pcap"], 2, "--pcap-out goes with --pcap"),
            (["--pcap", "/nowhere.pcap"], 2, "cannot be read"),
            (["--backend", "nope"], 2, "no back end 'nope'"),
            (["--platform", "beos"], 2, "no platform 'beos'"),
            (["--record", "x"], 2, "MAP=TYPE"),
            (["--program", "watch", "--record", "samples=nope"], 2, "no type 'nope'"),
            (["--type", "mystery="], 2, "a type is missing"),
            (["--program", "unknown", "--type", "mystery=nothing"], 3, "no program type 'nothing'"),
            (["--btf", "/nowhere"], 2, "cannot be read"),
        ],
    )
    def test_refusals(self, compiled: Path, arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
        base = [] if {"--hex", "--pcap"} & set(arguments) else ["--hex", "00"]
        assert run(["run", "--checked", str(compiled), *base, *arguments]) == status
        assert message in capsys.readouterr().err

    def test_programs_without_packets_are_left_out(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source = tmp_path / "mixed.bpf.c"
        body = 'SEC("xdp") int one(void *ctx) { return 1; }\nSEC("kprobe/f") int two(void *ctx) { return 0; }\n'
        source.write_text(f"#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n{body}")
        assert run(["run", str(source), "--pcap", str(TRAFFIC)]) == 0
        captured = capsys.readouterr()
        assert "two left out: kprobe programs get no packets" in captured.err
        assert "XDP_DROP" in captured.out
        assert run(["run", str(source), "--pcap", str(TRAFFIC), "--program", "two"]) == 2
        assert "give its context with --data or --hex" in capsys.readouterr().err
        assert run(["run", str(source), "--program", "one"]) == 0
        assert "no input given" in capsys.readouterr().err

    def test_a_type_can_be_given(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["run", "--checked", str(compiled), "--program", "unknown", "--type", "mystery=xdp"]) == 0
        assert "XDP_ABORTED" in capsys.readouterr().out

    def test_output_over_input_is_refused(self, compiled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        copy = tmp_path / "in.pcap"
        copy.write_bytes(TRAFFIC.read_bytes())
        assert run(["run", "--checked", str(compiled), "--program", "pass", "--pcap", str(copy), "--pcap-out", str(copy)]) == 2
        assert copy.read_bytes() == TRAFFIC.read_bytes()
        assert run(["run", "--checked", str(compiled), "--pcap", str(copy), "--pcap-out", str(tmp_path / "o.pcap")]) == 2
        assert "pick one with --program" in capsys.readouterr().err

    def test_a_socket_filter_keeps_a_part(self, tmp_path: Path) -> None:
        source = tmp_path / "first.bpf.c"
        source.write_text(
            '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("socket") int first(struct __sk_buff *skb) { return 20; }\n'
        )
        with (tmp_path / "in.pcap").open("wb") as stream:
            writer = CaptureWriter(stream, 1, "pcap")
            writer.write(bytes(range(60)), 1_000_000_000)
        assert run(["run", str(source), "--pcap", str(tmp_path / "in.pcap"), "--pcap-out", str(tmp_path / "out.pcap"), "-q"]) == 0
        assert [packet.data for packet in packets_of(tmp_path / "out.pcap")] == [bytes(range(20))]


def packets_of(path: Path) -> list[Any]:
    with open_capture(path) as capture:
        return list(capture)


def internet_sum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class TestDump:
    @pytest.mark.parametrize(
        ("flags", "expected"),
        [
            (["--insns"], ["pass:", "call map_lookup_elem", "; ", "exit"]),
            (["--ir"], ["bpfir 1", "call helper 1(", 'type "xdp"']),
            ([], ["bpfir 1"]),
            (["--cfg"], ["digraph", "->"]),
            (["--maps"], ["samples", "perf_event_array", "__u64"]),
            (["--btf"], ["struct sample {", "__u32 length;"]),
            (["--maps", "--insns", "--program", "watch"], ["seen", "call perf_event_output"]),
            (["--facts", "--program", "watch"], ["fn @watch(v0)", "; v0 {the context+0}"]),
            (["--llvm", "--program", "watch"], ["define", "@bpfcc_program(", "target triple"]),
        ],
    )
    def test_stages(self, compiled: Path, flags: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["dump", str(compiled), *flags]) == 0
        output = capsys.readouterr().out
        for text in expected:
            assert text in output

    def test_what_is_dumped_can_be_read_again(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        from bpfcc.bpfir.parser import parse_module
        from bpfcc.bpfir.printer import print_module

        assert run(["dump", str(compiled), "--ir", "--program", "watch"]) == 0
        text = capsys.readouterr().out
        assert print_module(parse_module(text)) == text

    def test_svg_without_graphviz(self, compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        from xml.etree import ElementTree as ET

        monkeypatch.setattr("shutil.which", lambda _name: None)
        assert run(["dump", str(compiled), "--cfg", "--svg", "--program", "watch"]) == 0
        root = ET.fromstring(capsys.readouterr().out)  # noqa: S314 - our own output
        assert root.tag.endswith("svg")
        assert len(root.findall("{*}rect")) >= 3

    @pytest.mark.parametrize(
        ("flags", "status", "message"),
        [
            (["--svg"], 2, "--svg goes with --cfg"),
            (["--insns", "--program", "nope"], 2, "no program"),
        ],
    )
    def test_refusals(self, compiled: Path, flags: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["dump", str(compiled), *flags]) == status
        assert message in capsys.readouterr().err

    @pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF" + bytes(200), b"\x7fELF\x02\x01\x01" + b"\xff" * 300])
    def test_hostile_objects(self, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "x.o"
        path.write_bytes(content)
        assert run(["dump", str(path)]) == 2
        error = capsys.readouterr().err
        assert "x.o" in error
        assert "Traceback" not in error


class TestBuild:
    def test_an_object_appears_at_once_or_not_at_all(self, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        copy = tmp_path / "a.bpf.c"
        copy.write_text(source.read_text())
        assert run(["build", str(copy), "--no-verify"]) == 0
        assert (tmp_path / "a.bpf.o").read_bytes().startswith(b"\x7fELF")
        assert "wrote" in capsys.readouterr().err
        copy.write_text("int f(void) { return x; }")
        before = (tmp_path / "a.bpf.o").read_bytes()
        assert run(["build", str(copy)]) == 2
        assert "use of undeclared identifier 'x'" in capsys.readouterr().err
        assert (tmp_path / "a.bpf.o").read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bpf.c", "a.bpf.o"]

    @pytest.mark.parametrize(("emit", "expected"), [("asm", b"exit"), ("llvm", b"target triple"), ("ir", b"bpfir 1")])
    def test_text(self, tmp_path: Path, emit: str, expected: bytes) -> None:
        source = tmp_path / "a.bpf.c"
        source.write_text('__attribute__((section("xdp"))) int one(void *ctx) { return 1; }\n')
        output = tmp_path / "out"
        assert run(["build", "-q", str(source), "--emit", emit, "-o", str(output)]) == 0
        assert expected in output.read_bytes()

    def test_run(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source, data = tmp_path / "a.bpf.c", tmp_path / "data"
        source.write_text('__attribute__((section("xdp"))) int one(void *ctx) { return 1; }\n')
        data.write_bytes(bytes(20))
        assert run(["build", str(source), "--run", str(data)]) == 0
        assert "XDP_DROP" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("arguments", "status", "message"),
        [
            (["--emit", "sys"], 2, "goes with --target windows"),
            (["--target", "windows", "--emit", "obj"], 3, "c, dll, sys are what there is for Windows"),
            (["--emit", "ir"], 2, "pick one with --program"),
            (["--emit", "asm", "--run", "x"], 2, "--run goes with"),
            (["--emit", "nonsense"], 2, "nonsense"),
            (["-O", "9"], 2, "optimisation level"),
            (["--mcpu", "v9"], 2, "v9"),
            (["-o", "/nowhere/x.o", "--no-verify"], 2, "cannot write"),
        ],
    )
    def test_refusals(self, source: Path, arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["build", str(source), *arguments]) == status
        assert message in capsys.readouterr().err

    def test_the_input_is_not_overwritten(self, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["build", str(compiled), "-o", str(compiled)]) == 2
        assert "overwrite the input" in capsys.readouterr().err


class TestOthers:
    def test_doctor(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["doctor", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        jsonschema.validate(document, schema("doctor-1"))
        assert {check["name"] for check in document["checks"]} >= {"python", "native library", "clang (in use)", "isolation"}

    def test_doctor_text(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        from bpfcc.frontend.doctor import Check

        checks = [
            Check("python", "ok", "here"),
            Check("clang (in use)", "missing", "none", remedy="pip install it"),
            Check("z3", "warn", "old"),
        ]
        monkeypatch.setattr("bpfcc.frontend.doctor.diagnose", lambda: list(checks))
        assert run(["doctor"]) == 3
        output = capsys.readouterr().out
        assert "clang (in use): pip install it" in output
        assert "Everything that bpfcc needs is here" not in output

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_completion(self, shell: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["completion", shell]) == 0
        assert "_BPFCC_COMPLETE" in capsys.readouterr().out

    def test_completion_completes(self) -> None:
        done = execute(env=os.environ | {"_BPFCC_COMPLETE": "bash_complete", "COMP_WORDS": "bpfcc d", "COMP_CWORD": "1"})
        assert "dump" in done.stdout
        assert "doctor" in done.stdout

    @pytest.mark.parametrize("command", sorted(COMMANDS))
    def test_every_help_has_examples(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run([command, "--help"]) == 0
        output = capsys.readouterr().out
        assert f"bpfcc {command}" in output.partition("Options:")[2]

    def test_the_table_of_commands_is_complete(self) -> None:
        folder = ROOT / "src/bpfcc/cli"
        modules = {path.stem for path in folder.glob("*.py") if "\ndef command(" in path.read_text(encoding="utf-8")}
        assert modules == set(COMMANDS)

    @pytest.mark.parametrize("arguments", [["nope"], ["run"], ["run", "x.c", "--nope"], ["dump", "--limit"]])
    def test_usage(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert run(arguments) == 2
        assert "--help" in capsys.readouterr().err

    def test_nothing_is_offered_that_does_not_exist(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["attach"]) == 2
        assert "no command" in capsys.readouterr().err

    def test_the_worst_status(self) -> None:
        assert worst([]) == 0
        assert worst([0, 3]) == 3
        assert worst([0, 3, 1]) == 1
        assert worst([2, 1, 3]) == 2
        assert worst([2, 70, 1]) == 70

    def test_color(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        source = tmp_path / "a.c"
        source.write_text("int x = y;")
        for arguments, environment, colored in (
            (["--color", "always"], {}, True),
            (["--color", "never"], {"FORCE_COLOR": "1"}, False),
            ([], {}, False),
            ([], {"FORCE_COLOR": "1"}, True),
            ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ):
            for name in ("NO_COLOR", "FORCE_COLOR"):
                monkeypatch.delenv(name, raising=False)
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            assert run(["build", str(source), *arguments]) == 2
            assert ("\x1b[" in capsys.readouterr().err) == colored


class TestProcess:
    """What only a process of its own shows."""

    def test_version(self) -> None:
        done = execute("--version")
        assert (done.returncode, done.stdout) == (0, f"bpfcc {__version__}\n")

    def test_version_imports_little(self) -> None:
        done = subprocess.run([sys.executable, "-X", "importtime", "-m", "bpfcc", "--version"], capture_output=True, text=True, check=True)
        for heavy in ("click", "rich", "elftools", "ctypes", "dataclasses"):
            assert f" {heavy}\n" not in done.stderr

    def test_dump_imports_no_tables_nor_compiler(self, compiled: Path) -> None:
        command = [sys.executable, "-X", "importtime", "-m", "bpfcc", "dump", str(compiled), "--insns"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        for heavy in ("rich", "bpfcc.runtime.library", "bpfcc.frontend.clang", "bpfcc.cli.run"):
            assert f" {heavy}\n" not in done.stderr

    def test_a_bug_is_status_70_and_says_so(self, compiled: Path) -> None:
        script = (
            "import sys, bpfcc.cli.dump as dump\n"
            "def broken(*a, **k): raise KeyError('frame')\n"
            "dump.show = broken\n"
            f"sys.argv = ['bpfcc', 'dump', {str(compiled)!r}]\n"
            "from bpfcc.cli import main; main()\n"
        )
        environment = {k: v for k, v in os.environ.items() if k != "BPFCC_TRACEBACK"}
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 70
        assert "this is a bug in bpfcc: KeyError: 'frame'" in done.stderr
        assert "Please report it" in done.stderr
        assert "Traceback" not in done.stderr
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment | {"BPFCC_TRACEBACK": "1"}
        )
        assert done.returncode == 70
        assert "Traceback" in done.stderr

    @pytest.mark.skipif(os.name != "posix", reason="signals to processes are POSIX")
    @pytest.mark.parametrize("proven", [False, True], ids=["an endless loop", "many short runs"])
    def test_ctrl_c_in_native_code(self, compiled: Path, proven: bool) -> None:
        endless = ["--checked", str(compiled), "--program", "endless", "--hex", "00", "--max-steps", str(10**15)]
        arguments = [str(FIREWALL), "--hex", "00", "--repeat", str(10**9)] if proven else endless
        # Not ignored, whatever the parent did: a background shell starts commands with SIGINT ignored.
        script = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"sys.argv = ['bpfcc', 'run', *{arguments!r}]\n"
            "from bpfcc.cli import main; main()\n"
        )
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        # It is in native code when it burns processor time long after start-up.
        while cpu_seconds(process.pid) < 1.5 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=30)
        assert process.returncode == 130
        assert error.strip() == "bpfcc: interrupted"
        assert output == ""

    @pytest.mark.skipif(os.name != "posix", reason="pipes break otherwise on Windows")
    def test_a_broken_pipe_is_quiet(self, compiled: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            done = subprocess.run(
                [sys.executable, "-m", "bpfcc", "dump", str(compiled), "--insns"], stdout=pipe, stderr=subprocess.PIPE, check=False
            )
        assert done.returncode == 141
        assert done.stderr == b""


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far; elapsed time where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.process_time()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_standard_output_of_any_encoding(firewall: Path) -> None:
    done = execute(
        "run", "--checked", str(firewall), "--pcap", str(TRAFFIC), env=os.environ | {"PYTHONIOENCODING": "ascii:backslashreplace"}
    )
    assert done.returncode == 0
    assert "XDP_PASS" in done.stdout
    assert done.stdout.isascii()


def test_the_writer_counts() -> None:
    writer = CaptureWriter(io.BytesIO(), 1, "pcap")
    writer.write(b"x", 0)
    assert writer.count == 1
