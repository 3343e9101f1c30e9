"""Where output cannot go: full or closed streams, devices, pipes; nothing of the system is replaced, no traceback is shown."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bpfcc.errors import InputError
from bpfcc.frontend.outputs import atomic_output

ROOT = Path(__file__).parents[2]
TRAFFIC = ROOT / "examples/traffic.pcap"
posix = pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")
SOURCE = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nSEC("xdp") int f(struct xdp_md *c) { return XDP_PASS; }\n'


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An object with one program."""
    source = Path(tmp_path_factory.mktemp("small") / "f.bpf.c")
    source.write_text(SOURCE)
    done = subprocess.run(
        [sys.executable, "-m", "bpfcc", "build", source.name, "-o", "f.o"], cwd=source.parent, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return source.with_name("f.o")


def bpfcc(*arguments: str, redirect: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a shell, with redirections."""
    line = " ".join([f"'{sys.executable}' -m bpfcc", *(f"'{a}'" for a in arguments), redirect])
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with atomic_output(target) as stream:
        stream.write(b"x")
        assert not target.exists()
    assert target.read_bytes() == b"x"
    with pytest.raises(RuntimeError), atomic_output(target) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"x"
    assert list(tmp_path.iterdir()) == [target]


@posix
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with atomic_output(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_directory_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"), atomic_output(tmp_path):
        pass
    with pytest.raises(InputError, match="cannot write"), atomic_output(tmp_path / "missing" / "x"):
        pass


@posix
def test_captures_go_into_pipes(small: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.pcap"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    done = bpfcc("run", str(small), "--pcap", str(TRAFFIC), "--pcap-out", str(pipe), "-q")
    reader.join(30)
    assert done.returncode == 0, done.stderr
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert len(received[0]) > 1000


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


@full
def test_a_full_device_is_not_replaced(small: Path) -> None:
    before = Path("/dev/full").stat().st_mode
    done = bpfcc("run", str(small), "--pcap", str(TRAFFIC), "--pcap-out", "/dev/full", "-q")
    assert (done.returncode, "cannot write" in done.stderr) == (2, True)
    assert Path("/dev/full").stat().st_mode == before


@full
@pytest.mark.parametrize("command", [["dump", "--ir", "OBJ"], ["run", "OBJ", "--hex", "00"], ["--help"], ["doctor"]])
def test_full_standard_output(small: Path, command: list[str]) -> None:
    done = bpfcc(*[str(small) if word == "OBJ" else word for word in command], redirect=">/dev/full")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("bpfcc: error: cannot write to standard output")
    assert "Traceback" not in done.stderr
    assert "bug in bpfcc" not in done.stderr


@posix
@pytest.mark.parametrize("redirect", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_standard_streams(small: Path, redirect: str) -> None:
    done = bpfcc("dump", str(small), "--ir", redirect=redirect)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@posix
def test_an_interrupt_outside_of_the_command(tmp_path: Path) -> None:
    """Wherever it comes, also while modules are imported: one line and status 130."""
    script = tmp_path / "early.py"
    script.write_text(
        "import os, signal, sys, bpfcc.cli\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'bpfcc.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['bpfcc', 'doctor']\n"
        "bpfcc.cli.main()\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.strip() == "bpfcc: interrupted"
