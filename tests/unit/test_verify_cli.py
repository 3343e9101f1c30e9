"""`bpfcc verify`: options, forms of output, exit statuses; and `run` and `build`, which ask for a verdict first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bpfcc.cli.app import run
from bpfcc.isolate.worker import ForkedCrew
from bpfcc.judgement import Rules
from bpfcc.pipeline import read_source
from bpfcc.verifier.options import Options
from tests.engines import accepted, by_name, rejected, warned, with_engine, with_gate, without_cache

linux = pytest.mark.skipif(sys.platform != "linux", reason="engines of tests are there in forked children alone")
pytestmark = linux
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int good(struct xdp_md *ctx) { return XDP_PASS; }
SEC("tc") int bad(struct __sk_buff *skb) { return skb->len; }
char LICENSE[] SEC("license") = "GPL";
"""
ODD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("odd") int strange(struct xdp_md *ctx) { return XDP_PASS; }
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bpfcc.isolate.judging.choose_crew", ForkedCrew)
    with_engine(monkeypatch, by_name({"bad": rejected("V011"), "doubtful": warned("V024")}))
    without_cache(monkeypatch)
    monkeypatch.chdir(tmp_path)
    Path("x.c").write_text(SOURCE)
    Path("odd.c").write_text(ODD)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("objects")
    found = {}
    for name, text in (("x", SOURCE), ("odd", ODD)):
        (folder / f"{name}.c").write_text(text)
        found[name] = read_source(folder / f"{name}.c").data
    return found


@pytest.fixture
def two(objects: dict[str, bytes]) -> list[str]:
    for name, data in objects.items():
        Path(f"{name}.o").write_bytes(data)
    return ["x.o", "odd.o"]


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def outcome(document: dict[str, Any]) -> dict[str, str]:
    return {program["name"]: program["verdict"] for program in document["programs"]}


# ---- what it prints


def test_text(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "x.o"]) == 1
    out = capsys.readouterr().out
    assert "good (xdp): accepted" in out
    assert "bad (sched_cls): rejected: 1 error" in out
    assert "error[V011]" in out
    assert "\x1b" not in out
    assert run(["verify", *two, "--color", "always"]) == 1
    out = capsys.readouterr().out
    assert "x.o:" in out
    assert "odd.o:" in out
    assert "\x1b[" in out


def test_quiet_prints_only_what_is_wrong(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "-q", "x.o"]) == 1
    out = capsys.readouterr().out
    assert "bad (sched_cls): rejected" in out
    assert "good" not in out
    assert run(["verify", "-q", "x.o", "--program", "good"]) == 0
    assert capsys.readouterr() == ("", "")
    assert two


def test_json_is_one_document(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--json", "x.o"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(files("bpfcc").joinpath("schemas/verify-1.json").read_text()))
    assert document["object"] == "x.o"
    assert outcome(document) == {"good": "accepted", "bad": "rejected"}
    assert document["programs"][1]["findings"][0]["code"] == "V011"
    assert two


def test_several_inputs_are_a_document_a_line_in_their_order(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.o").write_bytes(b"\x7fELF")
    inputs = [*two, "broken.o", "x.c", "odd.o"]
    for jobs in ("1", "3"):
        assert run(["verify", "--json", "--jobs", jobs, *inputs]) == 2
        captured = capsys.readouterr()
        found = documents(captured.out)
        assert [each["object"] for each in found] == inputs
        assert [outcome(each) for each in found[:2]] == [{"good": "accepted", "bad": "rejected"}, {"strange": "unsupported"}]
        assert found[2]["programs"] == []
        assert found[2]["error"]["kind"] == "input"
        assert outcome(found[3]) == outcome(found[0])
        assert "broken.o" in captured.err
        for each in found:
            jsonschema.validate(each, json.loads(files("bpfcc").joinpath("schemas/verify-1.json").read_text()))


def test_sarif(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--sarif", *two]) == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    assert len(log["runs"]) == 2
    assert log["runs"][0]["results"][0]["ruleId"] == "V011"
    assert run(["verify", "--sarif", "--json", "x.o"]) == 2


# ---- which programs, by which rules


def test_a_section_and_a_program(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, found in (
        (["--section", "xdp"], {"good"}),
        (["--program", "bad"], {"bad"}),
        (["--section", "xdp", "--section", "tc"], {"good", "bad"}),
    ):
        run(["verify", "--json", "x.o", *arguments])
        assert set(outcome(json.loads(capsys.readouterr().out))) == found
    assert run(["verify", "x.o", "--section", "nowhere"]) == 2
    assert "sections with programs: tc, xdp" in capsys.readouterr().err
    assert run(["verify", "x.o", "--program", "nobody"]) == 2
    assert "there are: bad, good" in capsys.readouterr().err
    assert two


def test_a_type_makes_it_supported(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "odd.o"]) == 3
    assert "--type odd=TYPE" in capsys.readouterr().out
    assert run(["verify", "odd.o", "--type", "odd=xdp"]) == 0
    assert run(["verify", "odd.o", "--type", "odd:strange=xdp"]) == 0
    assert run(["verify", "odd.o", "--type", "odd=nonsense"]) == 3
    assert "no program type 'nonsense'" in capsys.readouterr().out
    assert two


def test_unknown_classes_are_usage_errors_that_list_the_classes(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--deny", "--warn"):
        assert run(["verify", "x.o", option, "typo"]) == 2
        assert "there are alignment, argument, bounds" in capsys.readouterr().err
    assert run(["verify", "x.o", "--deny", "bounds", "--warn", "bounds"]) == 2
    assert "both name bounds" in capsys.readouterr().err
    assert two


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], Options()),
        (["--deny", "bounds", "--deny", "null"], Options(deny=frozenset({"bounds", "null"}))),
        (["--warn", "bounds"], Options(warn=frozenset({"bounds"}))),
        (["--strict"], Options(strict=True)),
        (["--no-termination"], Options(termination=False)),
        (["--max-steps", "500"], Options(max_insns=500)),
    ],
)
def test_options_reach_the_engine(
    arguments: list[str], options: Options, two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_engine(monkeypatch, lambda module, request: (accepted if request.options == options else rejected("V075"))(module, request))
    assert run(["verify", *two[:1], *arguments]) == 0
    assert "accepted" in capsys.readouterr().out


def test_the_platform_reaches_the_engine(two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with_engine(
        monkeypatch, lambda module, request: (accepted if request.platform.name == "windows" else rejected("V075"))(module, request)
    )
    assert run(["verify", "x.o", "--program", "good", "--platform", "windows", "--type", "xdp=xdp"]) == 0
    assert run(["verify", "x.o", "--program", "good", "--platform", "linux"]) == 1
    assert run(["verify", "x.o", "--platform", "nowhere.json"]) == 2
    assert two
    assert "nowhere.json" in capsys.readouterr().err


def test_rules_from_options_are_the_default_ones() -> None:
    from bpfcc.cli.options import Reading
    from bpfcc.cli.verify import rules_from

    assert rules_from(Reading()) == Rules()


# ---- exit statuses


def test_what_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.c").write_text("int x = y;")
    for name in ("missing.o", "broken.c", "/"):
        assert run(["verify", name]) == 2
    assert "use of undeclared identifier" in capsys.readouterr().err
    assert run(["verify"]) == 2


def test_two_and_three_mean_that_nothing_could_be_judged(two: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["verify", "odd.o"]) == 3
    # Among others, what is not supported is not accepted.
    Path("both.c").write_text(SOURCE + 'SEC("odd") int strange(struct xdp_md *ctx) { return XDP_PASS; }\n')
    assert run(["verify", "both.c", "--program", "good"]) == 0
    assert run(["verify", "both.c", "--program", "good", "--program", "strange"]) == 1
    with_engine(monkeypatch, accepted)
    assert run(["verify", "x.o"]) == 0
    assert run(["verify", *two]) == 3
    assert run(["verify", *two, "missing.o"]) == 2


def test_a_bug_is_status_70_and_the_others_are_judged(
    two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_engine(monkeypatch, by_name({"bad": lambda *_: {}["nothing"]}))
    assert run(["verify", "--json", *two]) == 70
    captured = capsys.readouterr()
    assert [outcome(each) for each in documents(captured.out)] == [{"good": "accepted"}, {"strange": "unsupported"}]
    assert "this is a bug in bpfcc" in captured.err


# ---- the cache


def test_verdicts_are_kept_unless_told_otherwise(two: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "verdicts"
    monkeypatch.setattr("bpfcc.verdict_cache.default_directory", lambda: folder)
    assert run(["verify", "--no-cache", "x.o"]) == 1
    assert not folder.exists()
    assert run(["verify", "x.o"]) == 1
    assert len(list(folder.iterdir())) == 2
    with_engine(monkeypatch, lambda *_: {}["must not be asked"])
    assert run(["verify", "x.o"]) == 1
    assert run(["verify", "x.o", "--no-cache"]) == 70
    assert two


def test_a_cache_that_cannot_be_trusted_is_not_used(
    two: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "cache" / "verdicts"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    monkeypatch.setattr("bpfcc.verdict_cache.default_directory", lambda: folder)
    assert run(["verify", "-v", "x.o"]) == 1
    assert "verdicts are not kept" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
    assert two


# ---- whose fault


def test_the_compiler_is_blamed_by_experiment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Rejected at -O2 (few instructions), accepted at -O1: the source has not changed."""
    monkeypatch.setattr("bpfcc.isolate.judge.illustrate", lambda verdict, *_: verdict)

    def engine(module: Any, request: Any) -> Any:
        return (rejected("V011") if len(module.lines) < wanted else accepted)(module, request)

    wanted = 10_000
    with_engine(monkeypatch, engine)
    assert run(["verify", "--json", "x.c", "--program", "good"]) == 1
    assert json.loads(capsys.readouterr().out)["programs"][0]["findings"][0]["cause"] == "source"
    compiled: list[str] = []

    def accepted_at(_source: Path, finding: Any, verify: Any, options: Any, **_: Any) -> Any:
        from dataclasses import replace

        compiled.append(options["opt"])
        assert not verify(read_source(Path("x.c")).data)
        return replace(finding, cause="compiler")

    monkeypatch.setattr("bpfcc.explain.cause.decide_compiler_cause", accepted_at)
    assert run(["verify", "--json", "x.c", "--program", "good"]) == 1
    assert json.loads(capsys.readouterr().out)["programs"][0]["findings"][0]["cause"] == "compiler"
    assert compiled == ["2"]


def test_what_compiling_cannot_change_is_not_tried(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with_engine(monkeypatch, rejected("V031"))
    monkeypatch.setattr("bpfcc.explain.cause.decide_compiler_cause", lambda *_: pytest.fail("it was tried"))
    assert run(["verify", "--json", "x.c", "--program", "good"]) == 1
    assert json.loads(capsys.readouterr().out)["programs"][0]["findings"][0]["cause"] == "source"


# ---- run and build


def test_run_refuses_what_is_rejected(two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with_gate(monkeypatch, by_name({"bad": rejected("V011")}))
    assert run(["run", "x.o", "--program", "bad", "--hex", "00"]) == 1
    captured = capsys.readouterr()
    assert "error[V011]" in captured.err
    assert "--checked runs anything" in captured.err
    assert "XDP" not in captured.out
    assert run(["run", "x.o", "--program", "bad", "--hex", "00", "--checked"]) == 0
    assert "(checked)" in capsys.readouterr().out
    assert two


def test_run_runs_what_is_accepted_without_checks(
    two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_gate(monkeypatch, by_name({"bad": rejected("V011")}))
    assert run(["run", "x.o", "--program", "good", "--hex", "00"]) == 0
    assert "(verified: at most 100 instructions)" in capsys.readouterr().out
    assert run(["run", "x.o", "--hex", "00", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(files("bpfcc").joinpath("schemas/run-1.json").read_text()))
    good, bad = (next(each for each in document["programs"] if each["name"] == name) for name in ("good", "bad"))
    assert (good["checked"], good["steps"], good["max_path_insns"]) == (False, None, 100)
    assert bad["error"]["kind"] == "rejected"
    assert "V011" in bad["error"]["message"]
    assert two


def test_run_of_another_reading_is_a_bug(two: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from bpfcc import InternalError

    with_gate(monkeypatch, accepted)
    from bpfcc import pipeline

    original = pipeline.lift_bytecode
    parent = os.getpid()

    def lift(*args: Any, **given: Any) -> Any:
        module = original(*args, **given)
        if os.getpid() == parent:
            module.type = "sched_cls"
        return module

    monkeypatch.setattr(pipeline, "lift_bytecode", lift)
    with pytest.raises(InternalError, match="different IR"):
        run(["run", "x.o", "--program", "good", "--hex", "00"])
    assert two


def test_build_writes_nothing_that_is_rejected(two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with_gate(monkeypatch, by_name({"bad": rejected("V011")}))
    for emit in ("obj", "asm", "llvm"):
        assert run(["build", "x.c", "--emit", emit, "-o", "out"]) == 1
        captured = capsys.readouterr()
        assert "error[V011]" in captured.err
        assert "nothing is written" in captured.err
        assert not Path("out").exists()
        assert run(["build", "x.c", "--emit", emit, "-o", "out", "--no-verify"]) == 0
        Path("out").unlink()
    assert run(["build", "x.o", "--emit", "ir", "-o", "out", "--program", "bad"]) == 1
    assert run(["build", "x.o", "--emit", "ir", "-o", "out", "--program", "good"]) == 0
    assert Path("out").read_text().startswith("bpfir 1")
    assert run(["build", "odd.c", "-o", "odd.out"]) == 3
    assert not Path("odd.out").exists()
    assert two


def test_build_and_run(two: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("data").write_bytes(bytes(20))
    with_gate(monkeypatch, by_name({"bad": rejected("V011")}))
    assert run(["build", "x.c", "-o", "out.o", "--program", "good", "--run", "data"]) == 0
    assert "verified" in capsys.readouterr().out
    assert run(["build", "x.c", "-o", "out.o", "--run", "data", "--no-verify"]) == 0
    assert "(checked)" in capsys.readouterr().out
    assert two


# ---- the process


def test_start_up_imports_no_more_than_it_needs(two: list[str]) -> None:
    script = """
import sys
from bpfcc.cli.app import run
status = run(["verify", "--no-cache", "x.o", "--program", "good"])
print(status, [name for name in ("rich", "llvmlite", "z3", "jsonschema", "bpfcc.counterexamples") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "0 []"
    assert two


def test_it_is_quick(two: list[str], tmp_path: Path) -> None:
    import resource

    command = [sys.executable, "-m", "bpfcc", "verify", "--no-cache", "-q", "x.o", "--program", "good"]
    # Modules are compiled once, wherever that is forbidden otherwise.
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path / "pyc"), "PYTHONDONTWRITEBYTECODE": ""}
    times = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, timeout=60, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    # Processor time: a fifth of a second on a quiet machine.
    assert min(times) < 0.7
    assert two


TAIL = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int bad(struct xdp_md *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&bad } };
SEC("xdp") int enters(struct xdp_md *ctx) { bpf_tail_call(ctx, &jumps, 0); return XDP_DROP; }
SEC("later") int bad(struct xdp_md *ctx) { return XDP_PASS; }
char LICENSE[] SEC("license") = "GPL";
"""


def test_what_a_tail_call_enters_has_to_be_accepted_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("tail.c").write_text(TAIL)
    with_gate(monkeypatch, by_name({"bad": rejected("V011")}))
    assert run(["run", "tail.c", "--program", "enters", "--hex", "00"]) == 1
    assert "program 'bad' is rejected" in capsys.readouterr().err
    assert run(["run", "tail.c", "--program", "enters", "--hex", "00", "--checked"]) == 0
    assert "XDP_PASS" in capsys.readouterr().out
    with_gate(monkeypatch, accepted)
    assert run(["run", "tail.c", "--program", "enters", "--hex", "00"]) == 0
    out = capsys.readouterr().out
    assert "XDP_PASS" in out
    assert "verified: at most 3,400 instructions" in out
