"""The shipped static files: read once, addressed by the digest of all of them, sent compressed.

One digest for the whole tree (`/static/<digest>/js/live.js`) lets ES modules import each other by relative paths and
still be cached for ever.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

STATIC_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".md": "text/markdown; charset=utf-8",
}
_ALREADY_SMALL = {".png", ".woff2"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; `gzipped` is None where compressing does not help."""

    content: bytes
    gzipped: bytes | None
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    digest: str
    files: Mapping[str, Asset]

    def url(self, path: str) -> str:
        """The address of a shipped file. Raises KeyError for one that is not shipped, so a typo fails at once."""
        if path not in self.files:
            raise KeyError(f"no static file {path!r}")
        return f"/static/{self.digest}/{path}"


def read_assets(folder: Path = STATIC_FOLDER) -> Assets:
    """Read every file under `folder` whose kind a browser may ask for."""
    files: dict[str, Asset] = {}
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in _TYPES):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        whole.update(name.encode() + b"\0" + content)
        gzipped = None if path.suffix in _ALREADY_SMALL else gzip.compress(content, 6, mtime=0)
        files[name] = Asset(content, gzipped, _TYPES[path.suffix])
    return Assets(whole.hexdigest()[:12], MappingProxyType(files))
