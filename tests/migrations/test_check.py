"""The committed schema.sql, and the check that holds it."""

from pathlib import Path

import pytest

from daeri.migrations import api, check

DUMP = r"""--
-- PostgreSQL database dump
--

\restrict abc

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.a (
    id uuid CONSTRAINT parent_id_not_null NOT NULL
);


CREATE FUNCTION public.f() RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
-- why it is so

UPDATE a
SET id = NULL;
END $$;

\unrestrict abc
"""


def test_what_differs_from_run_to_run_goes_and_bodies_stay():
    assert api.normalised(DUMP) == (
        "CREATE TABLE public.a (\n    id uuid NOT NULL\n);\nCREATE FUNCTION public.f() RETURNS void\n"
        "    LANGUAGE plpgsql\n    AS $$\nBEGIN\n-- why it is so\n\nUPDATE a\nSET id = NULL;\nEND $$;\n"
    )


async def test_a_fresh_database_has_the_queue_and_its_owner_is_not_named(dsn: str):
    schema = await api.dump_schema(dsn)
    for piece in (
        "CREATE TABLE public.pgqueuer (",
        "CREATE TRIGGER tg_pgqueuer_changed",
        "CREATE FUNCTION public.emit(",
    ):
        assert piece in schema
    assert "OWNER" not in schema


def test_a_difference_is_shown_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(check, "SCHEMA_FILE", tmp_path / "schema.sql")
    monkeypatch.setattr(check, "binaries_of_15", lambda: None)
    assert check.main(["--write"]) == 0
    told = capsys.readouterr().out
    assert told.count("NOT RUN on PostgreSQL 15") == 1
    written = (tmp_path / "schema.sql").read_text()
    (tmp_path / "schema.sql").write_text(written.replace("CREATE TABLE public.events (", "CREATE TABLE public.other ("))
    assert check.main([]) == 1
    assert "-CREATE TABLE public.other (" in capsys.readouterr().out


def test_two_heads_fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(api, "heads", lambda: ["0002_left", "0002_right"])
    assert check.main([]) == 1
    assert "2 heads instead of one: 0002_left, 0002_right" in capsys.readouterr().out
