"""Code for arm64 does what code for this machine does, where that can be run: under emulation, or on such a machine."""

from __future__ import annotations

import json
import platform
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import bpfcc
from bpfcc.backends.aot.build import Build, Target
from bpfcc.backends.aot.program import build_program
from bpfcc.emission import emit_programs
from bpfcc.execution import prepare
from bpfcc.program import Program
from tests.conformance.vectors import vectors

ROOT = Path(__file__).parents[2]
LIBRARY = Path("/usr/aarch64-linux-gnu")
ARM64 = Target("arm64", "linux")
if platform.machine().lower() in ("aarch64", "arm64"):
    RUNNER: tuple[str, ...] | None = ()
elif shutil.which("qemu-aarch64") is not None and LIBRARY.is_dir():
    RUNNER = ("qemu-aarch64", "-L", str(LIBRARY))
else:
    RUNNER = None
pytestmark = pytest.mark.skipif(RUNNER is None, reason="arm64 cannot be run here: qemu-user and libc6-arm64-cross are not installed")


def output(path: Path, *arguments: str | Path) -> str:
    """What an executable for arm64 prints, without its times."""
    done = subprocess.run([*(RUNNER or ()), path, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return "\n".join(line for line in done.stdout.splitlines() if "ns per" not in line)


@pytest.mark.parametrize("checked", [False, True], ids=["proven", "checked"])
def test_the_example(tmp_path: Path, checked: bool) -> None:
    (program,) = bpfcc.compile(ROOT / "examples/firewall.bpf.c").programs.values()
    verdicts = [] if checked else [bpfcc.verify(program).record]
    text = emit_programs([program], verdicts, checked=checked, own_runtime=True, made_from="firewall.bpf.c").text
    found = []
    for target in (Target.host(), ARM64):
        path = tmp_path / str(target)
        path.write_bytes(build_program(text, Build(target)))
        path.chmod(0o755)
        if target == ARM64:
            found.append(output(path, ROOT / "examples/traffic.pcap", "--limit", "0"))
        else:
            done = subprocess.run([path, ROOT / "examples/traffic.pcap", "--limit", "0"], capture_output=True, text=True, check=True)
            found.append("\n".join(line for line in done.stdout.splitlines() if "ns per" not in line))
    assert "XDP_DROP" in found[0]
    assert found[0] == found[1]


def test_arithmetic(tmp_path: Path) -> None:
    """Vectors of every kind as programs of one file, each on a memory of its own."""
    chosen = [vector for vector in vectors() if len(vector.code) < 2_000]
    random.Random(5).shuffle(chosen)
    for number, vector in enumerate(chosen[:12]):
        program = Program.from_bytes(vector.code, type="raw", name=f"vector_{number}")
        path = tmp_path / program.name
        path.write_bytes(build_program(emit_programs([program], [], checked=True, own_runtime=True).text, Build(ARM64)))
        path.chmod(0o755)
        found = json.loads(output(path, "--hex", vector.memory.hex(), "--json"))["programs"][0]["result"]
        with prepare(program, checked=True) as exe:
            expected = exe.run(data=vector.memory)
        assert (found["value"], bytes.fromhex(found["data"])) == (expected.return_value, expected.data), vector.name
