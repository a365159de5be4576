"""What `daeri regions import` takes in reaches a process that is running."""

import json
from datetime import date
from pathlib import Path

from daeri.bootstrap import build_program, look_at_regions, open_parts
from daeri.infra.settings import load_settings
from daeri.kernel.geo import Point
from daeri.regions import api as regions
from daeri.regions.model import How

SUWON = Point(37.30, 127.01)


def _squares(path: Path, half: float) -> Path:
    west, east, south, north = 127.0 - half, 127.0 + half, 37.3 - half, 37.3 + half
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    feature = {
        "type": "Feature",
        "properties": {"name": "수원시장안구", "code": "31011"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


async def test_an_import_reaches_index_and_outline(dsn: str, scratch_folder: Path) -> None:
    settings = load_settings(data_folder=scratch_folder)
    async with open_parts(settings, dsn) as parts, build_program(parts) as program:
        context, before = program.context, program.context.outline
        assert context.regions.resolve(SUWON).how is How.NEAREST
        for half in (0.1, 0.2):  # the second time the same region is drawn again
            async with parts.database.transaction() as tx:
                file = _squares(scratch_folder / "a.geojson", half)
                await regions.import_boundaries(tx, file, as_of=date(2018, 12, 31), now=parts.clock.now())
            await look_at_regions(program)
            assert context.regions.resolve(SUWON).how is How.BOUNDARY
            assert parts.regions is context.regions
            assert context.outline != before
            read, before = context.regions, context.outline
        await look_at_regions(program)
        assert context.regions is read
