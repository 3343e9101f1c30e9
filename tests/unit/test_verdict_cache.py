"""The cache of verdicts: what it keeps, and everything that it must not believe."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bpfcc import MapSpec, Program, assemble
from bpfcc.fingerprint import about, engine_files, kernel_digest, platform_digest, program_key, rules_of, rules_record, surroundings
from bpfcc.judgement import Rules
from bpfcc.verdict_cache import MAX_RECORD_BYTES, UntrustedError, VerdictCache, default_directory, key_of
from bpfcc.verifier.options import Budget, Options

KEY = key_of("a")
RECORD = {"verdict": "accepted", "findings": []}
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX'")


@pytest.fixture
def cache(tmp_path: Path) -> VerdictCache:
    return VerdictCache(tmp_path / "bpfcc" / "verdicts")


def the_file(cache: VerdictCache) -> Path:
    (found,) = cache.directory.iterdir()
    return found


def test_what_is_put_is_there(cache: VerdictCache) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, RECORD)
    assert cache.get(KEY) == RECORD
    assert VerdictCache(cache.directory).get(KEY) == RECORD
    cache.put(KEY, {"verdict": "rejected"})
    assert cache.get(KEY) == {"verdict": "rejected"}
    assert cache.contents()[0] == 1


@posix
def test_nobody_else_may_look(cache: VerdictCache) -> None:
    cache.put(KEY, RECORD)
    assert cache.directory.stat().st_mode & 0o777 == 0o700
    assert the_file(cache).stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o701, 0o750, 0o777])
def test_a_directory_that_is_open_to_others_is_refused(cache: VerdictCache, mode: int) -> None:
    cache.put(KEY, RECORD)
    cache.directory.chmod(mode)
    assert cache.get(KEY) is None
    with pytest.raises(UntrustedError, match="open to other users"):
        VerdictCache(cache.directory)
    cache.put(key_of("b"), RECORD)
    assert len(list(cache.directory.iterdir())) == 1


@posix
def test_a_parent_that_others_may_write_is_refused(cache: VerdictCache) -> None:
    cache.directory.parent.chmod(0o755)
    VerdictCache(cache.directory)
    cache.directory.parent.chmod(0o777)
    with pytest.raises(UntrustedError, match="open to other users"):
        VerdictCache(cache.directory)


@posix
def test_a_directory_of_another_user_is_refused(cache: VerdictCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put(KEY, RECORD)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert cache.get(KEY) is None
    with pytest.raises(UntrustedError, match="belongs to another user"):
        VerdictCache(cache.directory)


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_a_miss(cache: VerdictCache) -> None:
    cache.put(KEY, RECORD)
    os.chown(the_file(cache), 12345, -1)
    assert cache.get(KEY) is None


@posix
def test_a_file_that_is_open_to_others_is_a_miss(cache: VerdictCache) -> None:
    cache.put(KEY, RECORD)
    the_file(cache).chmod(0o666)
    assert cache.get(KEY) is None


@posix
def test_links_are_not_followed(cache: VerdictCache, tmp_path: Path) -> None:
    cache.put(KEY, RECORD)
    real = the_file(cache).rename(tmp_path / "elsewhere")
    (cache.directory / f"{KEY}.json").symlink_to(real)
    assert cache.get(KEY) is None
    link = tmp_path / "other"
    link.mkdir(mode=0o700)
    (link / "verdicts").symlink_to(cache.directory)
    with pytest.raises(UntrustedError, match="no directory"):
        VerdictCache(link / "verdicts")


@posix
def test_a_link_is_replaced_and_not_written_through(cache: VerdictCache, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    (cache.directory / f"{KEY}.json").symlink_to(target)
    cache.put(KEY, RECORD)
    assert target.read_text() == "mine"
    assert cache.get(KEY) == RECORD


@posix
def test_a_pipe_is_a_miss(cache: VerdictCache) -> None:
    # Opening one for reading would wait for a writer.
    os.mkfifo(cache.directory / f"{KEY}.json")
    os.close(os.open(cache.directory / f"{KEY}.json", os.O_RDWR))
    reader = os.open(cache.directory / f"{KEY}.json", os.O_RDWR)
    assert cache.get(KEY) is None
    os.close(reader)


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_a_file_that_was_cut_off_is_a_miss(cache: VerdictCache, length: int) -> None:
    cache.put(KEY, RECORD)
    path = the_file(cache)
    path.write_bytes(path.read_bytes()[:length])
    assert cache.get(KEY) is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"null", b"{}", b"3", b"[" * 100_000, b'{"schema": "bpfcc.cache/1"}'])
def test_rubbish_is_a_miss(cache: VerdictCache, content: bytes) -> None:
    cache.put(KEY, RECORD)
    the_file(cache).write_bytes(content)
    assert cache.get(KEY) is None


def change(cache: VerdictCache, **changes: Any) -> None:
    path = the_file(cache)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"record": {"verdict": "rejected"}},
        {"schema": "bpfcc.cache/2"},
        {"key": key_of("b")},
        {"sum": "0" * 64},
        {"record": []},
        {"record": None},
    ],
)
def test_what_does_not_fit_together_is_a_miss(cache: VerdictCache, changes: dict[str, Any]) -> None:
    cache.put(KEY, RECORD)
    change(cache, **changes)
    assert cache.get(KEY) is None


def test_one_key_never_gets_the_file_of_another(cache: VerdictCache) -> None:
    cache.put(KEY, RECORD)
    the_file(cache).rename(cache.directory / f"{key_of('b')}.json")
    assert cache.get(key_of("b")) is None


@pytest.mark.parametrize("key", ["", "x", "../../etc/passwd", "A" * 64, "0" * 63 + "/"])
def test_only_keys_are_keys(cache: VerdictCache, key: str) -> None:
    assert cache.get(key) is None
    with pytest.raises(ValueError, match="no key"):
        cache.put(key, RECORD)


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = VerdictCache(tmp_path / "c" / "verdicts", max_bytes=4000)
    for number in range(100):
        cache.put(key_of(str(number)), {"n": number, "text": "x" * 100})
        path = cache.directory / f"{key_of(str(number))}.json"
        os.utime(path, (number, number))
        assert cache.contents()[1] <= 4000
    assert cache.get(key_of("99")) is not None
    assert cache.get(key_of("0")) is None
    assert VerdictCache(cache.directory, max_bytes=500).get(key_of("99")) is not None


def test_what_is_too_large_is_not_kept(cache: VerdictCache) -> None:
    cache.put(KEY, {"text": "x" * MAX_RECORD_BYTES})
    assert cache.contents() == (0, 0)


def test_what_a_writer_left_behind_goes(cache: VerdictCache) -> None:
    left = cache.directory / ".0123"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    cache.put(KEY, RECORD)
    assert not left.exists()


def test_a_full_disk_is_no_error(cache: VerdictCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache.put(KEY, RECORD)
    assert list(cache.directory.iterdir()) == []


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "mine"))
    assert default_directory() == tmp_path / "mine" / "verdicts"
    assert VerdictCache.default() is not None
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "file"))
    assert VerdictCache.default() is None
    monkeypatch.delenv("BPFCC_CACHE_DIR")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        assert default_directory() == tmp_path / "xdg" / "bpfcc" / "verdicts"


# ---- keys

XDP = Program.from_bytes(assemble("r0 = 0\nexit"), type="xdp")
OTHER_OPTIONS = [
    Options(deny=frozenset({"uninit-stack"})),
    Options(warn=frozenset({"bounds"})),
    Options(strict=True),
    Options(termination=False),
    Options(max_insns=100),
    Options(smt=False),
    Options(budget=Budget(sparse_steps=1)),
]


def key_for(program: Program, rules: Rules | None = None, object_digest: str = "", target: bytes | None = None) -> str:
    return program_key(surroundings(rules or Rules(), object_digest, target), about(program), program.ir_digest)


def test_everything_that_matters_is_in_the_key() -> None:
    code = assemble("r0 = 0\nexit")
    keys = [
        key_for(XDP),
        key_for(Program.from_bytes(assemble("r0 = 1\nexit"), type="xdp")),
        key_for(Program.from_bytes(code, type="sched_cls")),
        key_for(Program.from_bytes(code, type="xdp", attach_type="xdp_devmap")),
        key_for(Program.from_bytes(code, type="xdp", license="MIT")),
        key_for(Program.from_bytes(code, type="xdp", name="other")),
        key_for(Program.from_bytes(code, type="xdp", maps=[MapSpec("m", "array", 4, 8, 1)])),
        key_for(Program.from_bytes(code, type="xdp", maps=[MapSpec("m", "array", 4, 8, 2)])),
        key_for(Program.from_bytes(code, type="xdp", maps=[MapSpec("m", "array", 4, 8, 1, initial=b"12345678")])),
        key_for(Program.from_bytes(code, type="xdp", maps=[MapSpec("m", "array", 4, 8, 1, initial=b"12345679")])),
        key_for(XDP, Rules("windows")),
        key_for(XDP, Rules(explain=False)),
        key_for(XDP, object_digest="1"),
        key_for(XDP, target=b"types"),
        *[key_for(XDP, Rules(options=options)) for options in OTHER_OPTIONS],
    ]
    assert len(set(keys)) == len(keys)
    assert key_for(Program.from_bytes(code, type="xdp")) == keys[0]


def test_another_verifier_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_for(XDP)
    monkeypatch.setattr("bpfcc.fingerprint.engine_digest", lambda: "another")
    assert key_for(XDP) != before


def test_every_file_that_decides_is_counted() -> None:
    names = {f"{path.parent.name}/{path.name}" for path in engine_files()}
    assert {
        "verifier/verdict.py",
        "bpfir/lift.py",
        "specs/linux.json",
        "explain/naming.py",
        "types/kernel.py",
        "bpfcc/judgement.py",
    } <= names
    assert len(engine_files()) == len(set(engine_files()))


def test_a_platform_of_the_users_own_goes_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text("{}")
    before = platform_digest(str(path))
    path.write_text('{"name": "router"}')
    assert platform_digest(str(path)) != before
    assert platform_digest("linux") != platform_digest("windows")


def test_another_kernel_has_other_keys() -> None:
    assert len({kernel_digest(None), kernel_digest(b"a"), kernel_digest(b"b")}) == 3


@pytest.mark.parametrize("options", [Options(), *OTHER_OPTIONS])
def test_rules_cross_a_pipe(options: Options) -> None:
    rules = Rules("linux", options, explain=False)
    assert rules_of(json.loads(json.dumps(rules_record(rules)))) == rules
    assert rules_of(rules_record(replace(rules, explain=True))) != rules


def test_parts_of_a_key_do_not_run_together() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of("ab") != key_of("ab", "")
