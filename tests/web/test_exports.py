"""Exports: Korean is read as Korean, money as numbers, and no text as a formula, in either format."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.web.exports import CSV_TYPE, Column, Format, Kind, Table, as_text, csv_bytes, export, xlsx_bytes

COLUMNS = (Column("이름"), Column("금액", Kind.WON), Column("날", Kind.DAY), Column("시각", Kind.INSTANT), Column("수"))
AT = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # half past midnight of the next day in Korea
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
]
_NS = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def table(*rows: tuple) -> Table:
    return Table("정산", COLUMNS, rows)


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes) -> list[list[tuple[str | None, str]]]:
    """(type, text) of each cell of the only sheet; a formula would show as its own type."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 -- our own file
    rows = []
    for row in sheet.iterfind(".//s:row", _NS):
        cells = []
        for cell in row.iterfind("s:c", _NS):
            assert cell.find("s:f", _NS) is None, "a formula"
            inline, value = cell.find(".//s:t", _NS), cell.find("s:v", _NS)
            cells.append((cell.get("t"), (inline if inline is not None else value).text or ""))
        rows.append(cells)
    return rows


def test_a_csv_is_korean_to_every_program() -> None:
    content = csv_bytes(table(("김민준", -25_000, date(2026, 11, 22), AT, None)))
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == 2
    assert read_csv(content) == [
        ["이름", "금액", "날", "시각", "수"],
        ["김민준", "-25000", "2026-11-22", "2026-11-23 00:30:00", ""],
    ]


def test_a_workbook_has_numbers_days_and_text() -> None:
    content = xlsx_bytes(table(("김민준", -25_000, date(2026, 11, 22), AT, None), ("둘", 0, None, None, 7)))
    head, first, second = read_xlsx(content)
    assert [text for _, text in head] == ["이름", "금액", "날", "시각", "수"]
    assert first[:2] == [("inlineStr", "김민준"), (None, "-25000")]
    assert float(first[2][1]) == 46348  # days since 1899-12-30
    assert float(first[3][1]) == pytest.approx(46349 + 0.5 / 24)
    assert second == [("inlineStr", "둘"), (None, "0"), (None, "7")]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    content = csv_bytes(table((text, 1, None, None, None)))
    assert read_csv(content)[1][0] == f"'{text}"
    assert read_xlsx(xlsx_bytes(table((text, 1, None, None, None))))[1][0][0] == "inlineStr"


@pytest.mark.parametrize("text", ["", "  ", "김민준", "1+1", "a=b", "088", "강남역 (2번 출구)", '"따옴표", 쉼표'])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert as_text(text) == text
    assert read_csv(csv_bytes(table((text, 1, None, None, None))))[1][0] == text


@given(text=st.text(max_size=60))
def test_whatever_the_text_a_file_is_whole(text: str) -> None:
    rows = read_csv(csv_bytes(table((text, 1, None, None, None), ("다음", 2, None, None, None))))
    assert len(rows) == 3
    assert rows[1][0].removeprefix("'") == text.removeprefix("'")
    assert not rows[1][0].lstrip(" \u3000").startswith(tuple("=+-@"))
    if all(0x20 <= ord(letter) < 0xD800 for letter in text):
        assert len(read_xlsx(xlsx_bytes(table((text, 1, None, None, None))))) == 2


def test_a_text_that_is_too_long_for_a_workbook_is_cut() -> None:
    rows = read_xlsx(xlsx_bytes(table(("가" * 40_000, 1, None, None, None))))
    assert len(rows[1][0][1]) == 32_767


async def test_a_file_is_to_be_saved_and_never_shown() -> None:
    answer = await export(table(), Format.CSV, "statement-2026-11")
    assert answer.headers["content-disposition"] == 'attachment; filename="statement-2026-11.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.media_type == CSV_TYPE
