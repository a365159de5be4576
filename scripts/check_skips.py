"""Fails when the tests skipped something that this machine should have run.

usage: python scripts/check_skips.py JUNIT_XML

Only the reasons below are good ones: a platform that the test is not for, and runs that are asked for apart.
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

GOOD_REASONS = re.compile(r"(?i)\bplatform\b|\bonly on (?:linux|macos|windows)\b|--long\b")


def main(arguments: list[str]) -> int:
    tests = list(ET.parse(Path(arguments[0])).iter("testcase"))  # noqa: S314 -- pytest wrote it just now
    if not tests:
        print("check_skips: the report names no test at all")
        return 1
    bad = [line for test in tests for line in _bad_skips(test)]
    for line in bad:
        print(f"check_skips: should have run here: {line}")
    return 1 if bad else 0


def _bad_skips(test: ET.Element) -> list[str]:
    reasons = [skip.get("message", "") for skip in test.iter("skipped") if skip.get("type") != "pytest.xfail"]
    name = f"{test.get('classname')}::{test.get('name')}"
    return [f"{name}: {reason}" for reason in reasons if not GOOD_REASONS.search(reason)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
