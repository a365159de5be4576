"""Numbers and keys: what is accepted, what is shown, what opens, and who may read the key file."""

import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.infra.keys import (
    KeyFileDamaged,
    KeyFileMissing,
    KeyFileUnsafe,
    KeyRing,
    SealBroken,
    create_ring,
    load_ring,
    new_keys,
    rotate_ring,
)
from daeri.infra.phones import PhoneInvalid, PhoneVault, last_four, mask, normalise

RING = KeyRing(new_keys())
VAULT = PhoneVault(RING)
HERE, THERE = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    "text",
    ["010-0000-1234", "01000001234", "+82 10 0000 1234", "+82-010-0000-1234", "(010) 0000 1234", "０１０-0000-1234"],
)
def test_one_number_has_one_form(text):
    assert normalise(text) == "+821000001234"


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1234", "112", "010-0000-1234 ext 5", "010", "+999 12345678", "0" * 41, "0100000123456789", "\x00"],
)
def test_nonsense_is_refused_and_not_repeated(text):
    with pytest.raises(PhoneInvalid) as refused:
        normalise(text)
    assert set(refused.value.facts) == {"problem"}


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused_by_name(text):
    try:
        number = normalise(text)
    except PhoneInvalid:
        return
    assert normalise(number) == number
    assert "*" in mask(number)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+821000001234", "010-****-1234"),
        ("+8221234567", "02-***-4567"),
        ("+14155552671", "+1 ***-***-2671"),
    ],
)
def test_the_middle_of_a_number_is_masked(number, shown):
    assert mask(number) == shown


@pytest.mark.parametrize(("text", "four"), [("1234", "1234"), (" 0001 ", "0001"), ("123", None), ("１２３４", None)])
def test_four_digits_are_the_end_of_a_number(text, four):
    assert last_four(text) == four


def test_hashes_find_within_one_company_and_by_purpose():
    number = normalise("010-0000-1234")
    assert VAULT.whole_hash(HERE, number) == VAULT.whole_hash(HERE, normalise("+821000001234"))
    assert VAULT.last4_hash(HERE, number) == VAULT.last4_hash(HERE, "1234")
    four_only = VAULT.whole_hash(HERE, "1234")
    assert len({VAULT.whole_hash(HERE, number), VAULT.whole_hash(THERE, number), four_only}) == 3
    assert VAULT.last4_hash(HERE, number) not in {four_only, VAULT.last4_hash(THERE, number)}


def test_a_seal_opens_for_its_purpose_only_and_never_looks_the_same():
    number = normalise("010-0000-1234")
    sealed = VAULT.seal(number)
    assert VAULT.open(sealed) == number
    assert VAULT.seal(number) != sealed
    assert number.encode() not in sealed
    with pytest.raises(SealBroken):
        RING.open(sealed, b"another purpose")
    for broken in (b"", sealed[:-1], sealed[:10], b"\x02" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(SealBroken):
            VAULT.open(broken)


def test_an_unknown_key_is_named():
    sealed = KeyRing(new_keys()).seal(b"x", b"p")
    with pytest.raises(SealBroken, match="unknown key"):
        RING.open(sealed[:1] + (9).to_bytes(4, "big") + sealed[5:], b"p")


def test_rotation_adds_a_key_and_keeps_what_hashes_and_signs(tmp_path):
    path = tmp_path / "keys.json"
    old = create_ring(path)
    sealed, hashed, signed = old.seal(b"x", b"p"), old.keyed_hash(b"p", b"x"), old.signature(b"p", b"x")
    new = rotate_ring(path)
    assert new.open(sealed, b"p") == b"x"
    assert new.seal(b"x", b"p")[:5] == b"\x01\x00\x00\x00\x02"
    assert old.open(new.seal(b"y", b"p"), b"p") == b"y"
    assert (new.keyed_hash(b"p", b"x"), new.signature(b"p", b"x")) == (hashed, signed)
    assert load_ring(path).keys == new.keys
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_key_file_that_others_may_touch_is_refused(tmp_path, mode):
    path = tmp_path / "keys.json"
    create_ring(path)
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe):
        load_ring(path)


def test_a_key_file_is_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        create_ring(tmp_path / "keys.json")
    finally:
        os.umask(before)
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_missing_damaged_and_present_key_files_are_told_apart(tmp_path):
    path = tmp_path / "keys.json"
    with pytest.raises(KeyFileMissing):
        load_ring(path)
    create_ring(path)
    with pytest.raises(FileExistsError):
        create_ring(path)
    for damaged in (b"", b"{}", b'{"sealing_active":1,"sealing":{"1":"eA=="},"hashing":"eA==","signing":"eA=="}'):
        path.write_bytes(damaged)
        with pytest.raises(KeyFileDamaged):
            load_ring(path)


def test_a_ring_does_not_show_its_keys():
    assert RING.keys.hashing.hex() not in repr(RING.keys) + repr(RING)
    assert "hashing" not in repr(RING.keys)
