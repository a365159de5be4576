"""Tables as files that people open in a spreadsheet program: CSV and Excel. What is text there stays text.

CSV is UTF-8 with a mark, so that Excel reads Korean; a cell that a program could take for a formula gets an apostrophe.
In a workbook text is written as text, so that it needs none. Instants are Korean time.
"""

import asyncio
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO, StringIO
from typing import Final

import xlsxwriter
from litestar import Response

from daeri.kernel.time import KST

Cell = str | int | date | datetime | None
CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What spreadsheet programs begin a formula with, in either width; a tab or line break may hide one.
_BEGINS_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
_LONGEST_CELL: Final = 32_767  # characters, of a workbook
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cache-control": "no-store",
}


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class Kind(StrEnum):
    """What stands in a column, and how it is shown."""

    TEXT = "text"
    WON = "won"
    NUMBER = "number"
    DAY = "day"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind = Kind.TEXT
    width: int = 14  # characters


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its name, its columns, and rows of as many cells."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


async def export(table: Table, form: Format, file_name: str) -> Response[bytes]:
    """The table as a file to be saved; written in a thread, since a year of rows takes a moment."""
    write = csv_bytes if form is Format.CSV else xlsx_bytes
    content = await asyncio.to_thread(write, table)
    headers = _HEADERS | {"content-disposition": f'attachment; filename="{file_name}.{form}"'}
    return Response(content, media_type=CSV_TYPE if form is Format.CSV else XLSX_TYPE, headers=headers)


def csv_bytes(table: Table) -> bytes:
    """The table as CSV (RFC 4180), which begins with the mark of UTF-8."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([as_text(column.name) for column in table.columns])
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def xlsx_bytes(table: Table) -> bytes:
    """The table as a workbook of one sheet, row by row through a temporary file."""
    content = BytesIO()
    workbook = xlsxwriter.Workbook(content, {"constant_memory": True, "strings_to_formulas": False})
    sheet = workbook.add_worksheet(table.name)
    head = workbook.add_format({"bold": True, "bottom": 1})
    formats = {kind: workbook.add_format({"num_format": look}) for kind, look in _LOOKS.items()}
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.name, head)
    sheet.freeze_panes(1, 0)
    for line, row in enumerate(table.rows, 1):
        for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            _write(sheet, line, place, cell, formats[column.kind])
    workbook.close()
    return content.getvalue()


def as_text(text: str) -> str:
    """`text` so that no spreadsheet program takes it for a formula."""
    return f"'{text}" if text.lstrip(" \u3000")[:1] in _BEGINS_FORMULA else text


def _plain(cell: Cell) -> str | int:
    match cell:
        case None:
            return ""
        case str():
            return as_text(cell)
        case datetime():
            return f"{cell.astimezone(KST):%Y-%m-%d %H:%M:%S}"
        case date():
            return cell.isoformat()
        case _:
            return cell


_LOOKS: Final = {
    Kind.TEXT: "@",
    Kind.WON: "#,##0",
    Kind.NUMBER: "0",
    Kind.DAY: "yyyy-mm-dd",
    Kind.INSTANT: "yyyy-mm-dd hh:mm:ss",
}


def _write(
    sheet: xlsxwriter.worksheet.Worksheet, line: int, place: int, cell: Cell, look: xlsxwriter.format.Format
) -> None:
    match cell:
        case None:
            return
        case str():
            sheet.write_string(line, place, cell[:_LONGEST_CELL], look)
        case datetime():
            sheet.write_datetime(line, place, cell.astimezone(KST).replace(tzinfo=None), look)
        case date():
            sheet.write_datetime(line, place, cell, look)
        case _:
            sheet.write_number(line, place, cell, look)
