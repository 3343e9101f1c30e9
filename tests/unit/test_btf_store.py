"""The cache of BTF indexes: a hit, and everything that has to count as a miss."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from bpfcc.errors import InputError
from bpfcc.frontend.btf import Btf, model, store
from tests.data import compiled
from tests.data.btf_builder import BtfBuilder


@pytest.fixture
def blob() -> bytes:
    """Large enough to be cached."""
    b = BtfBuilder()
    b.int("int", 4)
    for i in range(9_000):
        b.struct(f"struct_number_{i}", 4, [("member", 1, 0)])
    made = b.blob()
    assert len(made) > store.CACHED_FROM_BYTES
    return made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "btf"


def entry(cache: Path) -> Path:
    (found,) = cache.glob("*.idx")
    return found


def indexed_again(monkeypatch: pytest.MonkeyPatch, blob: bytes) -> bool:
    """Whether loading makes the index anew."""
    calls = []
    original = model.index_types

    def counting(*args: object, **kwargs: object) -> object:
        calls.append(args)
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "index_types", counting)
    btf = store.from_blob(blob)
    assert btf.find("struct_number_77", "struct") == 79
    assert btf.count == 9_002
    monkeypatch.undo()
    return bool(calls)


def test_the_second_load_uses_the_cache(cache: Path, blob: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    first = store.from_blob(blob)
    assert entry(cache).stat().st_size > 9_000 * 12
    if sys.platform != "win32":
        assert cache.stat().st_mode & 0o777 == 0o700
        assert entry(cache).stat().st_mode & 0o077 == 0
    environment = os.environ["BPFCC_CACHE_DIR"]
    assert not indexed_again(monkeypatch, blob)
    monkeypatch.setenv("BPFCC_CACHE_DIR", environment)
    second = store.from_blob(blob)
    assert second.offsets == first.offsets
    assert second.names.ids == first.names.ids


@pytest.mark.parametrize("damage", ["byte", "truncated", "empty", "magic", "counts"])
def test_a_damaged_entry_is_a_miss(cache: Path, blob: bytes, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.from_blob(blob)
    path = entry(cache)
    data = bytearray(path.read_bytes())
    match damage:
        case "byte":
            data[-5] ^= 1
        case "truncated":
            del data[-4:]
        case "empty":
            data.clear()
        case "magic":
            data[0] ^= 1
        case _:
            data[16] ^= 1
    path.write_bytes(data)
    assert indexed_again(monkeypatch, blob)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and links")
@pytest.mark.parametrize("trick", ["open to others", "link", "directory open to others", "directory is a link"])
def test_what_others_could_have_written_is_not_used(cache: Path, blob: bytes, trick: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.from_blob(blob)
    path = entry(cache)
    match trick:
        case "open to others":
            path.chmod(0o666)
        case "link":
            path.rename(cache.parent / "elsewhere")
            path.symlink_to(cache.parent / "elsewhere")
        case "directory open to others":
            cache.chmod(0o777)
        case _:
            cache.rename(cache.parent / "moved")
            cache.symlink_to(cache.parent / "moved")
    assert indexed_again(monkeypatch, blob)


def test_no_place_for_a_cache_is_no_fault(tmp_path: Path, blob: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("BPFCC_CACHE_DIR", str(tmp_path / "file"))
    assert store.from_blob(blob).count == 9_002


def test_old_entries_are_dropped(cache: Path, blob: bytes) -> None:
    store.from_blob(blob)
    for i in range(store.KEPT_FILES + 5):
        old = cache / f"{i}.idx"
        old.write_bytes(b"old")
        os.utime(old, (i, i))
    entry_name = next(p.name for p in cache.glob("*.idx") if len(p.name) > 20)
    (cache / entry_name).unlink()
    store.from_blob(blob)
    left = {p.name for p in cache.glob("*.idx")}
    assert len(left) == store.KEPT_FILES
    assert entry_name in left
    assert "0.idx" not in left


def test_files_are_raw_or_elf(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(BtfBuilder().blob())
    assert Btf.from_file(tmp_path / "raw").count == 1
    (tmp_path / "elf.o").write_bytes(compiled("core_target.bpf.c"))
    assert Btf.from_file(tmp_path / "elf.o").find("node", "struct") is not None
    (tmp_path / "no_btf.o").write_bytes(compiled("core_target.bpf.c", debug=False))
    (tmp_path / "text").write_text("neither")
    for bad, message in (("no_btf.o", "no .BTF section"), ("text", "less than a BTF header"), ("absent", "cannot be read")):
        with pytest.raises(InputError, match=message) as caught:
            Btf.from_file(tmp_path / bad)
        assert bad in str(caught.value)


@pytest.mark.kernel
def test_the_kernel_s_types() -> None:
    btf = Btf.kernel()
    if btf is None:
        pytest.skip(f"no {model.KERNEL_BTF} here")
    task = btf.find("task_struct", "struct")
    assert task is not None
    place = btf.field(task, "pid")
    assert place is not None
    assert btf.size_of(place.type_id) == 4


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_endless_files_end() -> None:
    with pytest.raises(InputError):
        Btf.from_file("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes in its file system")
@pytest.mark.parametrize("raw", [True, False])
def test_types_may_come_through_a_pipe(tmp_path: Path, raw: bool) -> None:
    data = BtfBuilder().blob() if raw else compiled("core_target.bpf.c")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    assert Btf.from_file(pipe).count >= 1
    writer.join()


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_FILE_BYTES", 100)
    (tmp_path / "raw").write_bytes(BtfBuilder().blob() + bytes(100))
    with pytest.raises(InputError, match="too many for BTF"):
        Btf.from_file(tmp_path / "raw")
