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
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "src" / "daeri" / "web"
VENDOR = WEB / "static" / "vendor"
FONT_LIMIT_BYTES = 80 * 1024


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


def sprite(archive: tarfile.TarFile, names: list[str]) -> str:
    """An SVG sheet with one <symbol> for each icon, to be used as <use href="icons.svg#name">."""
    symbols = []
    for name in names:
        svg = member(archive, f"icons/{name}.svg").decode()
        inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if inner is None:
            sys.exit(f"icon {name} has no drawing")
        drawing = " ".join(inner.group(1).split())
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def words(extra: str) -> str:
    """Every character that our own words need: the locale files, the region names, printable ASCII, and `extra`."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(WEB.glob("locale/*/LC_MESSAGES/*.po"))]
    texts += [path.read_text(encoding="utf-8") for path in sorted((ROOT / "src/daeri/regions").rglob("*.csv"))]
    ascii_range = "".join(chr(code) for code in range(0x20, 0x7F))
    return "".join(sorted({c for c in "".join(texts) + extra + ascii_range + "·…–—“”‘’→×₩℃" if c.isprintable()}))


def cut_font(source: bytes, text: str, folder: Path) -> None:
    """Write the font with the letters of `text` alone, and without the name that its licence reserves.

    Stops when the result outgrows its limit.
    """
    whole, small = folder / "whole.ttf", VENDOR / "daeri-sans.woff2"
    whole.write_bytes(source)
    narrowed = folder / "narrowed.ttf"
    weights = ["fontTools.varLib.instancer", str(whole), "wght=400:700", "-o", str(narrowed), "--quiet"]
    subprocess.run([sys.executable, "-m", *weights], check=True)
    options = ["--layout-features=kern,tnum", "--no-hinting", "--desubroutinize", "--flavor=woff2"]
    glyphs = [f"--text={text}", f"--output-file={small}", "--name-IDs=0,13,14", *options]
    subprocess.run([sys.executable, "-m", "fontTools.subset", str(narrowed), *glyphs], check=True)
    if small.stat().st_size > FONT_LIMIT_BYTES:
        sys.exit(f"the font is {small.stat().st_size} bytes, more than {FONT_LIMIT_BYTES}")


def lay_out(package: dict[str, Any], archive: tarfile.TarFile, *, folder: Path, font: bool) -> str:
    """Write what `package` gives, and return its paragraph for LICENSES.md."""
    for inside, outside in package.get("files", {}).items():
        text = re.sub(rb"\n?//# sourceMappingURL=.*\s*$", b"\n", member(archive, inside))
        (VENDOR / outside).parent.mkdir(exist_ok=True)
        (VENDOR / outside).write_bytes(text)
    if "icons" in package:
        (VENDOR / "icons.svg").write_text(sprite(archive, package["icons"]), encoding="utf-8")
    if "font" in package and font:
        cut_font(member(archive, package["font"]), words(package["extra"]), folder)
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
