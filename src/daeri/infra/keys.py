"""The key ring: sealing (AES-256-GCM), keyed hashes and signatures (HMAC-SHA256), kept in one 0600 file.

A sealed value names its key: one byte of format, four bytes of key id (big-endian), a 12-byte nonce, the ciphertext.
So keys can be added without touching a row, and `reseal` moves the rows to the newest key at its leisure.
"""

import hmac
import os
import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daeri.infra.database import Database, Tx
from daeri.kernel.errors import Category, DaeriError

KEY_BYTES = 32
_FORMAT = b"\x01"
_PREFIX_BYTES = 5
_NONCE_BYTES = 12
_NIL = UUID(int=0)

Key = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]


class KeyFileMissing(DaeriError):
    code = "key_file_missing"
    category = Category.UNAVAILABLE


class KeyFileUnsafe(DaeriError):
    """Someone besides the owner may read or write the key file."""

    code = "key_file_unsafe"
    category = Category.UNAVAILABLE


class KeyFileDamaged(DaeriError):
    code = "key_file_damaged"
    category = Category.UNAVAILABLE


class KeyRotationRunning(DaeriError):
    """Another rotation is writing the key file, or one broke off: remove the `.new` file beside it."""

    code = "key_rotation_running"


class SealBroken(DaeriError):
    """A sealed value was damaged, belongs to another purpose, or its key is not in the ring."""

    code = "seal_broken"
    category = Category.UNAVAILABLE


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the key file; the values never appear in a repr."""

    sealing_active: int
    sealing: dict[int, Key]
    hashing: Key
    signing: Key
    version: int = 1

    def __repr__(self) -> str:
        return f"Keys(sealing_active={self.sealing_active}, sealing={sorted(self.sealing)})"


def new_keys() -> Keys:
    """A fresh set of keys with one sealing key."""
    return Keys(
        sealing_active=1,
        sealing={1: secrets.token_bytes(KEY_BYTES)},
        hashing=secrets.token_bytes(KEY_BYTES),
        signing=secrets.token_bytes(KEY_BYTES),
    )


class KeyRing:
    """The keys of a running process; re-reads its file when a value was sealed with a key that it does not know yet."""

    def __init__(self, keys: Keys, path: Path | None = None) -> None:
        self._path = path
        self._use(keys)

    def _use(self, keys: Keys) -> None:
        if keys.sealing_active not in keys.sealing:
            raise KeyFileDamaged(problem="the active sealing key is not in the file")
        self._keys = keys
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.sealing.items()}

    @property
    def keys(self) -> Keys:
        return self._keys

    @property
    def active_prefix(self) -> bytes:
        """The first five bytes of everything that is sealed from now on."""
        return _FORMAT + self._keys.sealing_active.to_bytes(4, "big")

    def seal(self, plain: bytes, purpose: bytes) -> bytes:
        """Encrypt under the newest key; `purpose` must be given again to open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._keys.sealing_active]
        return self.active_prefix + nonce + cipher.encrypt(nonce, plain, purpose)

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """What was sealed for `purpose`, with whichever key of the ring; raises SealBroken."""
        if len(sealed) < _PREFIX_BYTES + _NONCE_BYTES or sealed[:1] != _FORMAT:
            raise SealBroken(problem="format")
        cipher = self._cipher(int.from_bytes(sealed[1:_PREFIX_BYTES], "big"))
        nonce = sealed[_PREFIX_BYTES : _PREFIX_BYTES + _NONCE_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_PREFIX_BYTES + _NONCE_BYTES :], purpose)
        except InvalidTag:
            raise SealBroken(problem="tag") from None

    def _cipher(self, key_id: int) -> AESGCM:
        if key_id not in self._ciphers and self._path is not None:
            # Another process rotated: its key is in the file already, since rotation writes the file first.
            self._use(read_keys(self._path))
        try:
            return self._ciphers[key_id]
        except KeyError:
            raise SealBroken(problem="unknown key", key_id=key_id) from None

    def keyed_hash(self, purpose: bytes, message: bytes) -> bytes:
        """32 bytes that only this ring can make; different purposes never collide. Does not change with rotation."""
        return hmac.digest(self._keys.hashing, _separated(purpose, message), "sha256")

    def signature(self, purpose: bytes, message: bytes) -> bytes:
        """32 bytes that prove that this ring signed `message` for `purpose`."""
        return hmac.digest(self._keys.signing, _separated(purpose, message), "sha256")


def _separated(purpose: bytes, message: bytes) -> bytes:
    return len(purpose).to_bytes(1, "big") + purpose + message


def load_ring(path: Path) -> KeyRing:
    """The ring in the file at `path`; refuses a file that others may read (KeyFileUnsafe)."""
    return KeyRing(read_keys(path), path)


def create_ring(path: Path) -> KeyRing:
    """Write a new key file with mode 0600; raises FileExistsError rather than lose keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = new_keys()
    _write_private(path, keys)
    return KeyRing(keys, path)


def rotate_ring(path: Path) -> KeyRing:
    """Add a sealing key and make it the active one; the older ones stay, so that old ciphertexts open."""
    old = read_keys(path)
    newest = max(old.sealing) + 1
    sealing = {**old.sealing, newest: secrets.token_bytes(KEY_BYTES)}
    keys = msgspec.structs.replace(old, sealing_active=newest, sealing=sealing)
    beside = path.with_name(path.name + ".new")
    try:
        _write_private(beside, keys)
    except FileExistsError:
        raise KeyRotationRunning(path=str(beside)) from None
    beside.replace(path)
    return KeyRing(keys, path)


def read_keys(path: Path) -> Keys:
    """The keys in `path`; raises KeyFileMissing, KeyFileUnsafe or KeyFileDamaged."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyFileUnsafe(path=str(path), mode=oct(mode))
        return msgspec.json.decode(path.read_bytes(), type=Keys)
    except FileNotFoundError:
        raise KeyFileMissing(path=str(path)) from None
    except msgspec.MsgspecError as problem:
        raise KeyFileDamaged(path=str(path), problem=str(problem)) from None


def _write_private(path: Path, keys: Keys) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys)))
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values that rotation must reach; the table's key is one uuid column."""

    table: str
    column: str
    purpose: bytes
    id_column: str = "id"


async def reseal(
    database: Database,
    ring: KeyRing,
    columns: Sequence[SealedColumn],
    *,
    batch: int = 500,
    progress: Callable[[SealedColumn, int], None] = lambda _column, _count: None,
) -> Mapping[SealedColumn, int]:
    """Seal again with the active key whatever is sealed with an older one; how many values, by column.

    One short transaction a batch. It may be stopped and started again: values under the active key are passed over.
    """
    done = dict.fromkeys(columns, 0)
    for column in columns:
        after = _NIL
        while True:
            async with database.transaction() as tx:
                last, count = await _reseal_batch(tx, ring, column, after, batch)
            if last is None:
                break
            after = last
            done[column] += count
            progress(column, done[column])
    return done


async def _reseal_batch(
    tx: Tx, ring: KeyRing, column: SealedColumn, after: UUID, batch: int
) -> tuple[UUID | None, int]:
    key, name = column.id_column, column.column
    rows = await tx.rows(
        f"""SELECT {key} AS id, {name} AS sealed FROM {column.table}
            WHERE {name} IS NOT NULL AND substring({name} FROM 1 FOR {_PREFIX_BYTES}) <> $1 AND {key} > $2
            ORDER BY {key} LIMIT $3 FOR UPDATE""",
        ring.active_prefix,
        after,
        batch,
    )
    if not rows:
        return None, 0
    resealed = [ring.seal(ring.open(row["sealed"], column.purpose), column.purpose) for row in rows]
    await tx.execute(
        f"""UPDATE {column.table} AS old SET {name} = fresh.sealed
            FROM unnest($1::uuid[], $2::bytea[]) AS fresh(id, sealed) WHERE old.{key} = fresh.id""",
        [row["id"] for row in rows],
        resealed,
    )
    return rows[-1]["id"], len(rows)
