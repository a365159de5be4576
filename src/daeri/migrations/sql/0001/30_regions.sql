-- Administrative regions: program-wide reference data, so no company_id. Codes are legal codes (법정동코드) cut to
-- their significant digits: 2 for a province, 5 for a si, gun or gu.
CREATE TABLE regions (
    code         text PRIMARY KEY CHECK (code ~ '^[0-9]{2}([0-9]{3})?$'),
    parent       text REFERENCES regions (code),
    level        text NOT NULL CHECK (level IN ('province', 'municipality', 'district')),
    name_ko      text NOT NULL CHECK (name_ko <> ''),
    name_en      text NOT NULL CHECK (name_en <> ''),
    lat          double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    lon          double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    valid_from   date,
    valid_to     date,
    successors   text[] NOT NULL DEFAULT '{}',
    point_source text NOT NULL CHECK (point_source IN ('boundary', 'parts', 'approximate')),
    CHECK ((level = 'province') = (parent IS NULL)),
    CHECK (valid_from < valid_to)
);

-- One boundary a region, the newest that was imported. `shape` is MessagePack of polygons of rings; a ring is
-- little-endian int32 pairs of longitude and latitude in 1e-7 degrees.
CREATE TABLE region_boundaries (
    code        text PRIMARY KEY REFERENCES regions (code),
    as_of       date NOT NULL,
    file_name   text NOT NULL,
    imported_at timestamptz NOT NULL,
    shape       bytea NOT NULL
);

CREATE VIEW regions_public AS
SELECT code, parent, level, name_ko, name_en, lat, lon, valid_from, valid_to
FROM regions;
