"""The shipped regions, and the boundaries of 2018 where the data folder is there."""

from datetime import date
from pathlib import Path

import pytest

from daeri.regions.api import match_features
from daeri.regions.boundary_files import Feature, read_features
from daeri.regions.index import RegionIndex
from daeri.regions.model import Boundary, Region
from daeri.regions.shipped import shipped_regions

TODAY = date(2026, 11, 22)
DRAWN = date(2018, 12, 31)


@pytest.fixture(scope="session")
def regions() -> list[Region]:
    return shipped_regions()


@pytest.fixture(scope="session")
def index(regions: list[Region]) -> RegionIndex:
    """Today's division, without boundaries."""
    return RegionIndex(regions, [], on=TODAY)


@pytest.fixture(scope="session")
def file_2018(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath.parent / "shared" / "data" / "korea-sigungu-2018.topojson"


@pytest.fixture(scope="session")
def features_2018(file_2018: Path) -> list[Feature]:
    return read_features(file_2018.read_bytes())


@pytest.fixture(scope="session")
def boundaries_2018(features_2018: list[Feature], regions: list[Region]) -> list[Boundary]:
    boundaries, _ = match_features(features_2018, regions, as_of=DRAWN)
    return boundaries


@pytest.fixture(scope="session")
def drawn_index(regions: list[Region], boundaries_2018: list[Boundary]) -> RegionIndex:
    """Today's division, with the boundaries of 2018."""
    return RegionIndex(regions, boundaries_2018, on=TODAY)
