"""The tokens file that `daeri seed --fleet N` writes: JSON, readable by its owner only."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct


class Holder(Struct, frozen=True):
    """An account and the token that it acts with."""

    id: str
    access_token: str


class TokenHolder(Struct, frozen=True):
    access_token: str


class TokensFile(Struct, frozen=True):
    """`base_company` is the slug of the company that all of them belong to."""

    base_company: str
    drivers: list[Holder]
    customers: list[Holder]
    gateway: TokenHolder
    admin: TokenHolder


def read_tokens(path: Path) -> TokensFile:
    """Raises OSError when it cannot be read and msgspec.DecodeError when it is no tokens file."""
    return msgspec.json.decode(path.read_bytes(), type=TokensFile)


def write_tokens(path: Path, tokens: TokensFile) -> None:
    """Created with mode 0600 from the start, so that nobody reads it in between."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(tokens)))
