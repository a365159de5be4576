"""Fetch the pages' front-end packages from npm and lay them out under static/vendor.

    python scripts/vendor.py            scripts, styles and icons
    python scripts/vendor.py --font     the font too (needs fonttools and brotli beside it)

Every archive is compared with the sha512 recorded in vendor.toml before it is opened. The result is committed, so
nobody needs this to run daeri: only to change a version, an icon or the words that the font must hold.
"""

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "src" / "daeri" / "web"
VENDOR = WEB / "static" / "vendor"
FONT_LIMIT_BYTES = 80 * 1024  # of the first part, which every page loads
FONT_LETTERS = 640  # of our own words in the first part, the most used ones; those of few words come with the names
FONT_PARTS = 10  # of what our own words do not use; a browser loads the ones whose letters a page shows
FONT_SHEET = WEB / "static" / "css" / "fonts.css"


def fetch(package: dict[str, Any], folder: Path) -> tarfile.TarFile:
    """The archive of `package`, downloaded by npm and equal to the recorded digest."""
    npm = shutil.which("npm") or sys.exit("npm is needed to fetch front-end packages")
    spec = f"{package['name']}@{package['version']}"
    subprocess.run([npm, "pack", spec, "--silent", "--pack-destination", str(folder)], check=True, cwd=folder)
    archive = next(folder.glob(f"{package['name']}-*.tgz"))
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package["integrity"]:
        sys.exit(f"{spec}: expected {package['integrity']}, got {digest}")
    return tarfile.open(archive)


def member(archive: tarfile.TarFile, path: str) -> bytes:
    """One file of an npm archive, whose paths all begin with `package/`."""
    stream = archive.extractfile(f"package/{path}")
    if stream is None:
        sys.exit(f"{path} is no file of the archive")
    return stream.read()


def sprite(archive: tarfile.TarFile, names: list[str], filled: list[str]) -> str:
    """An SVG sheet with one <symbol> for each icon, to be used as <use href="icons.svg#name">.

    Those of `filled` are there a second time, filled, as `name-filled`.
    """
    symbols = []
    for name, fill in [*((name, "none") for name in names), *((name, "currentColor") for name in filled)]:
        svg = member(archive, f"icons/{name}.svg").decode()
        inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if inner is None:
            sys.exit(f"icon {name} has no drawing")
        shown = name if fill == "none" else f"{name}-filled"
        drawing = " ".join(inner.group(1).split())
        symbols.append(
            f'<symbol id="{shown}" viewBox="0 0 24 24" fill="{fill}" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def words() -> str:
    """The characters that our own words use most: of the locale files, and all of printable ASCII."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(WEB.glob("locale/*/LC_MESSAGES/*.po"))]
    always = "".join(chr(code) for code in range(0x20, 0x7F)) + "·…–—“”‘’→×₩℃−"
    used = Counter(c for c in "".join(texts) if c.isprintable() and c not in always)
    by_use = sorted(used, key=lambda letter: (-used[letter], letter))
    return "".join(sorted(always + "".join(by_use[: FONT_LETTERS - len(always)])))


def names(extra: str, known: str) -> str:
    """What names are made of beside `known`, and rare words: of regions and places that we ship, and `extra`."""
    paths = [*(ROOT / "src/daeri").rglob("*.csv"), *WEB.glob("locale/*/LC_MESSAGES/*.po")]
    texts = [path.read_text(encoding="utf-8") for path in sorted(paths)]
    return "".join(sorted({c for c in "".join(texts) + extra if c.isprintable()} - set(known)))


def other_syllables(known: str) -> str:
    """The syllables of KS X 1001 that are not in `known`: what people type, and names of people and shops."""
    rows = (bytes([row, cell]) for row in range(0xB0, 0xC9) for cell in range(0xA1, 0xFF))
    return "".join(sorted({code.decode("euc-kr") for code in rows} - set(known)))


def unicode_range(text: str) -> str:
    """`U+AC00-AC05, U+AC10`: as a style sheet names the letters of a font."""
    spans: list[list[int]] = []
    for code in sorted(map(ord, text)):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return ", ".join(f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}" for first, last in spans)


def cut_fonts(source: bytes, extra: str, folder: Path) -> None:
    """Write the font in parts, and the style sheet that says which letters are in which.

    The first part has the letters that our own words use most; it stops when that outgrows its limit. The second has
    those of rare words and of names (`extra` and what we ship), the others have the remaining syllables in their order.
    None has the name that the font's licence reserves.
    """
    whole, narrowed = folder / "whole.ttf", folder / "narrowed.ttf"
    whole.write_bytes(source)
    weights = ["fontTools.varLib.instancer", str(whole), "wght=400:700", "-o", str(narrowed), "--quiet"]
    subprocess.run([sys.executable, "-m", *weights], check=True)
    own = words()
    named = names(extra, own)
    rest = other_syllables(own + named)
    size = -(-len(rest) // FONT_PARTS)
    parts = [own, named, *(rest[n : n + size] for n in range(0, len(rest), size))]
    files = ["daeri-sans.woff2", *(f"daeri-sans-{n}.woff2" for n in range(1, len(parts)))]
    for file, letters in zip(files, parts, strict=True):
        cut_font(narrowed, letters, VENDOR / file)
    first = (VENDOR / files[0]).stat().st_size
    if first > FONT_LIMIT_BYTES:
        sys.exit(f"the font is {first} bytes, more than {FONT_LIMIT_BYTES}")
    ranges = [unicode_range(own), unicode_range(named), *(f"U+{ord(p[0]):X}-{ord(p[-1]):X}" for p in parts[2:])]
    faces = [_FACE.format(file=file, letters=letters) for file, letters in zip(files, ranges, strict=True)]
    # Of ranges that overlap the last one counts: the letters of our own words are taken from the first file.
    FONT_SHEET.write_text(_SHEET_HEAD + "\n".join(reversed(faces)), encoding="utf-8")


_SHEET_HEAD = """\
/* Written by scripts/vendor.py --font: our own words' letters in one file, further syllables in others, as needed. */

"""
_FACE = """\
@font-face {{
  font-family: "Daeri Sans";
  src: url("../vendor/{file}") format("woff2");
  font-weight: 400 700;
  font-display: swap;
  unicode-range: {letters};
}}
"""


def cut_font(source: Path, text: str, target: Path) -> None:
    """Write the letters of `text` alone."""
    options = ["--layout-features=kern,tnum", "--no-hinting", "--desubroutinize", "--flavor=woff2"]
    glyphs = [f"--text={text}", f"--output-file={target}", "--name-IDs=0,13,14", *options]
    subprocess.run([sys.executable, "-m", "fontTools.subset", str(source), *glyphs], check=True)


def lay_out(package: dict[str, Any], archive: tarfile.TarFile, *, folder: Path, font: bool) -> str:
    """Write what `package` gives, and return its paragraph for LICENSES.md."""
    for inside, outside in package.get("files", {}).items():
        text = re.sub(rb"\n?//# sourceMappingURL=.*\s*$", b"\n", member(archive, inside))
        (VENDOR / outside).parent.mkdir(exist_ok=True)
        (VENDOR / outside).write_bytes(text)
    if "icons" in package:
        (VENDOR / "icons.svg").write_text(sprite(archive, package["icons"], package["filled"]), encoding="utf-8")
    if "font" in package and font:
        cut_fonts(member(archive, package["font"]), package["extra"], folder)
    licence = member(archive, package["licence_file"]).decode().strip()
    note = f"\n{package['note']}\n" if "note" in package else ""
    return f"## {package['name']} {package['version']} ({package['licence']})\n{note}\n```\n{licence}\n```\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--font", action="store_true", help="cut the font anew")
    font = parser.parse_args().font
    packages = tomllib.loads((ROOT / "scripts" / "vendor.toml").read_text(encoding="utf-8"))["package"]
    VENDOR.mkdir(parents=True, exist_ok=True)
    notices = ["# Licences of what is shipped in this folder\n\nWritten by `scripts/vendor.py`.\n"]
    for package in packages:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with fetch(package, folder) as archive:
                notices.append(lay_out(package, archive, folder=folder, font=font))
    (VENDOR / "LICENSES.md").write_text("\n".join(notices), encoding="utf-8")


if __name__ == "__main__":
    main()
