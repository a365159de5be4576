"""Companies: found by slug, alone in an installation, and speaking by settings only."""

from dataclasses import replace

import pytest

from daeri.companies import api
from daeri.companies.model import (
    Centre,
    CompanyChanged,
    CompanyInvalid,
    CompanyNotFound,
    CompanySettings,
    CreateCompany,
    Links,
    SlugTaken,
    parse_settings,
)
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import SYSTEM
from daeri.kernel.time import SteppedClock

SETTINGS = CompanySettings(
    brand_ko="보기대리",
    brand_en="Sample Drivers",
    customer_centre=Centre(name_ko="고객센터", name_en="Customer centre", phone="02-0000-0000", hours="24시간"),
    links=Links(terms="https://example.com/terms"),
)


@pytest.mark.rule("I-046")
async def test_brand_centres_phones_and_links_are_what_the_company_says(
    database: Database, clock: SteppedClock, ids: Ids
) -> None:
    async with database.transaction() as tx:
        made = await api.create(tx, CreateCompany("sample", "보기", "Sample", SETTINGS), now=clock.now(), ids=ids)
        found = await api.by_slug(tx, "sample")
    assert found == made
    assert found.settings == SETTINGS
    assert (found.brand_ko, found.brand_en) == ("보기대리", "Sample Drivers")


@pytest.mark.rule("I-046")
async def test_a_company_without_settings_bears_its_own_names_and_no_other(
    database: Database, company: CompanyId
) -> None:
    async with database.reading() as tx:
        plain = await api.get(tx, company)
    assert plain.settings == CompanySettings()
    assert (plain.brand_ko, plain.brand_en) == (plain.name_ko, plain.name_en)


async def test_the_only_company_needs_no_slug(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    async with database.transaction() as tx:
        assert (await api.resolve(tx, None)).id == company
        second = await api.create(tx, CreateCompany("second", "둘", "Two"), now=clock.now(), ids=ids)
        with pytest.raises(CompanyNotFound):
            await api.resolve(tx, None)
        assert await api.resolve(tx, "second") == second
        assert len(await api.every(tx)) == 2


async def test_no_company_at_all_is_not_found(database: Database, ids: Ids) -> None:
    async with database.reading() as tx:
        with pytest.raises(CompanyNotFound):
            await api.resolve(tx, None)
        with pytest.raises(CompanyNotFound):
            await api.by_slug(tx, "nobody")
        with pytest.raises(CompanyNotFound):
            await api.get(tx, CompanyId(ids.new()))


async def test_a_slug_belongs_to_one_company(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    async with database.transaction() as tx:
        taken = (await api.get(tx, company)).slug
        with pytest.raises(SlugTaken):
            await api.create(tx, CreateCompany(taken, "둘", "Two"), now=clock.now(), ids=ids)
        assert len(await api.every(tx)) == 1


@pytest.mark.parametrize(
    "command",
    [
        CreateCompany("Upper", "하나", "One"),
        CreateCompany("-edge", "하나", "One"),
        CreateCompany("a" * 64, "하나", "One"),
        CreateCompany("fine", " ", "One"),
        CreateCompany("fine", "하나", ""),
        CreateCompany("fine", "하나", "One", CompanySettings(links=Links(home="javascript:alert(1)"))),
    ],
)
async def test_a_company_out_of_bounds_is_refused(
    database: Database, clock: SteppedClock, ids: Ids, command: CreateCompany
) -> None:
    async with database.transaction() as tx:
        with pytest.raises(CompanyInvalid):
            await api.create(tx, command, now=clock.now(), ids=ids)
        assert await api.every(tx) == []


async def test_settings_change_by_version_and_leave_an_event(
    database: Database, company: CompanyId, clock: SteppedClock, ids: Ids
) -> None:
    async with database.transaction() as tx:
        seen = await api.get(tx, company)
        changed = await api.change_settings(tx, seen, SETTINGS, now=clock.now(), ids=ids, actor=SYSTEM)
        assert changed == replace(seen, settings=SETTINGS, version=seen.version + 1)
        with pytest.raises(CompanyChanged):
            await api.change_settings(tx, seen, CompanySettings(), now=clock.now(), ids=ids, actor=SYSTEM)
        assert await api.get(tx, company) == changed
        kinds = [row["kind"] for row in await tx.rows("SELECT kind FROM events WHERE aggregate_id = $1", company)]
    assert kinds == ["company.settings_changed"]


def test_unknown_settings_are_refused_by_name() -> None:
    with pytest.raises(CompanyInvalid, match="logo"):
        parse_settings({"logo": "x"})
