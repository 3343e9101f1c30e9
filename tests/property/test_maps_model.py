"""Maps against simple models in Python, on every system: a dict, a list, and a search through all prefixes."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.map_oracle import Definition, OurMap, all_keys

E2BIG, ENOENT, EEXIST, EINVAL, ENOSPC = 7, 2, 17, 22, 28


def made(definition: Definition) -> OurMap:
    """One of ours."""
    subject = OurMap.create(definition, cpus=2)
    assert isinstance(subject, OurMap)
    return subject


@settings(max_examples=80)
@given(
    size=st.integers(1, 24),
    entries=st.integers(1, 40),
    operations=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 3)), max_size=200),
)
def test_hash_is_a_bounded_dict(size: int, entries: int, operations: list[tuple[int, int, int]]) -> None:
    subject, model = made(Definition(1, size, 8, entries)), dict[bytes, bytes]()
    for number, (action, which, flags) in enumerate(operations):
        key, value = which.to_bytes(1, "little").ljust(size, b"k"), number.to_bytes(8, "little")
        if action <= 1:
            errno = EINVAL if flags > 2 else EEXIST if flags == 1 and key in model else ENOENT if flags == 2 and key not in model else 0
            if not errno and key not in model and len(model) == entries:
                errno = E2BIG
            assert subject.update(key, value, flags)[0] == errno
            if not errno:
                model[key] = value
        elif action == 2:
            assert subject.delete(key)[0] == (0 if model.pop(key, None) else ENOENT)
        else:
            assert subject.lookup(key) == ((0, model[key]) if key in model else (ENOENT, b""))
    assert sorted(all_keys(subject)) == sorted(model)
    assert subject.count() == len(model)
    subject.close()


@settings(max_examples=40)
@given(entries=st.integers(1, 200), seed=st.integers(0, 1 << 32))
def test_an_lru_map_is_never_too_full_and_never_wrong(entries: int, seed: int) -> None:
    rng = random.Random(seed)
    subject, newest = made(Definition(9, 4, 8, entries)), dict[bytes, bytes]()
    for number in range(600):
        key, value = struct.pack("<I", rng.randrange(3 * entries)), struct.pack("<Q", number)
        assert subject.update(key, value) == (0, b"")
        newest[key] = value
        assert subject.lookup(key) == (0, value)
        assert subject.count() <= entries
    keys = all_keys(subject)
    assert len(keys) == len(set(keys)) == subject.count()
    assert all(subject.lookup(key) == (0, newest[key]) for key in keys)
    subject.close()


def longest(model: dict[tuple[int, int], bytes], bits: int, address: int, length: int) -> bytes | None:
    """By trying every length."""
    for shorter in range(length, -1, -1):
        found = model.get((shorter, address >> (bits - shorter) if shorter else 0))
        if found is not None:
            return found
    return None


@pytest.mark.parametrize("bits", [8, 32, 48, 128, 512])
@pytest.mark.parametrize("style", ["anywhere", "crowded"])
def test_prefixes_match_as_a_search_through_all_of_them(bits: int, style: str) -> None:
    """Growing and shrinking, so that jump tables appear and go."""
    rng, size, entries = random.Random(bits), bits // 8, 1500
    subject, model = made(Definition(11, 4 + size, 8, entries, 1)), dict[tuple[int, int], bytes]()
    for step in range(6000):
        growing = step // 1500 % 2 == 0
        address = rng.getrandbits(bits) if style == "anywhere" else rng.getrandbits(8) << (bits - 8) | rng.getrandbits(6)
        length = rng.choice([bits, bits - 8, bits // 2, rng.randrange(bits + 1)])
        key, name = struct.pack("<I", length) + address.to_bytes(size, "big"), (length, address >> (bits - length) if length else 0)
        if rng.random() < (0.8 if growing else 0.1):
            value = rng.randbytes(8)
            errno = subject.update(key, value)[0]
            assert errno == (ENOSPC if len(model) == entries and name not in model else 0)
            if not errno:
                model[name] = value
        elif not growing and model and rng.random() < 0.9:
            name = rng.choice(list(model)) if step % 20 == 0 else next(iter(model))
            length = name[0]
            key = struct.pack("<I", length) + (name[1] << (bits - length)).to_bytes(size, "big")
            del model[name]
            assert subject.delete(key)[0] == 0
        else:
            assert subject.delete(key)[0] == (0 if model.pop(name, None) else ENOENT)
        address, length = rng.getrandbits(bits) if step % 2 else address, rng.choice([bits, bits, rng.randrange(bits + 1)])
        expected = longest(model, bits, address, length)
        assert subject.lookup(struct.pack("<I", length) + address.to_bytes(size, "big")) == (
            (ENOENT, b"") if expected is None else (0, expected)
        )
    assert {(struct.unpack("<I", key[:4])[0], int.from_bytes(key[4:], "big")) for key in all_keys(subject)} != set() or not model
    assert len(all_keys(subject)) == len(model) == subject.count()
    subject.close()


@pytest.mark.parametrize("bits", [32, 128])
def test_the_more_specific_prefix_comes_first(bits: int) -> None:
    rng, size = random.Random(1), bits // 8
    subject = made(Definition(11, 4 + size, 4, 400, 1))
    for _ in range(400):
        address = (rng.getrandbits(10) << (bits - 10)).to_bytes(size, "big")
        subject.update(struct.pack("<I", rng.randrange(14)) + address, bytes(4))
    seen: list[tuple[int, int]] = []
    for key in all_keys(subject):
        length, address = struct.unpack("<I", key[:4])[0], int.from_bytes(key[4:], "big")
        for earlier, other in seen:
            contains = earlier < length and (earlier == 0 or (other ^ address) >> (bits - earlier) == 0)
            assert not contains, "a prefix came before one that it contains"
        seen.append((length, address))
    subject.close()


@pytest.mark.soak
def test_a_million_prefixes() -> None:
    check_many(1_000_000)


def test_many_prefixes() -> None:
    check_many(20_000)


def check_many(count: int) -> None:
    """Distinct /24 to /32 prefixes: each is found under its own address, and the map is empty after deleting them all."""
    rng = random.Random(3)
    subject = made(Definition(11, 8, 8, count, 1))
    keys = [struct.pack("<I", rng.randrange(24, 33)) + struct.pack(">I", i * (0xFFFFFFFF // count) & 0xFFFFFF00) for i in range(count)]
    names = {(key[:4], key[4:7]): key for key in keys}
    for key in names.values():
        assert subject.update(key, key)[0] == 0
    for key in names.values():
        found = subject.lookup(struct.pack("<I", 32) + key[4:])
        assert found[0] == 0
        assert found[1][4:7] == key[4:7]
    stored = all_keys(subject, most=2 * count)
    assert subject.count() == len(stored)
    for key in stored:
        assert subject.delete(key)[0] == 0
    assert subject.count() == 0
    assert subject.next_key(None)[0] == ENOENT
    subject.close()
