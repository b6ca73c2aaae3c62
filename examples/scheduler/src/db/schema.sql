-- One schema for SQLite and PostgreSQL. Dates and local times are ISO 8601 text.
CREATE TABLE IF NOT EXISTS people (
    block TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, pgy BIGINT,
    specialties TEXT NOT NULL, credentials TEXT NOT NULL,
    PRIMARY KEY (block, id)
);
CREATE TABLE IF NOT EXISTS rotations (
    block TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, capacity BIGINT NOT NULL,
    weeks BIGINT NOT NULL, supervision BIGINT NOT NULL,
    PRIMARY KEY (block, id)
);
CREATE TABLE IF NOT EXISTS absences (
    block TEXT NOT NULL, person TEXT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL,
    kind TEXT NOT NULL, blocking BOOLEAN NOT NULL,
    PRIMARY KEY (block, person, first_day)
);
CREATE TABLE IF NOT EXISTS requests (
    block TEXT NOT NULL, line BIGINT NOT NULL, person TEXT NOT NULL, day TEXT NOT NULL,
    slot TEXT NOT NULL, rotation TEXT, priority BIGINT NOT NULL,
    PRIMARY KEY (block, line)
);
CREATE TABLE IF NOT EXISTS duty_records (
    block TEXT NOT NULL, line BIGINT NOT NULL, person TEXT NOT NULL, starts TEXT NOT NULL,
    ends TEXT NOT NULL, kind TEXT NOT NULL, handover BIGINT NOT NULL,
    PRIMARY KEY (block, line)
);
CREATE TABLE IF NOT EXISTS assignments (
    block TEXT NOT NULL, person TEXT NOT NULL, day TEXT NOT NULL, slot TEXT NOT NULL,
    activity TEXT NOT NULL, rotation TEXT, starts TEXT NOT NULL, ends TEXT NOT NULL,
    handover BIGINT NOT NULL, minutes BIGINT NOT NULL,
    PRIMARY KEY (block, person, day, slot)
);
CREATE INDEX IF NOT EXISTS assignments_by_rotation ON assignments (block, rotation, day, slot);
-- `told` is the last version of which the caches were told: behind `version` after a crash in between.
CREATE TABLE IF NOT EXISTS publications (
    block TEXT NOT NULL PRIMARY KEY, programme TEXT NOT NULL, version BIGINT NOT NULL,
    told BIGINT NOT NULL, fence BIGINT NOT NULL, holder TEXT NOT NULL, published_at TEXT NOT NULL
);
-- Absences that a re-plan learnt of and the programme's files may not know yet.
CREATE TABLE IF NOT EXISTS absences_added (
    block TEXT NOT NULL, person TEXT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL,
    kind TEXT NOT NULL, blocking BOOLEAN NOT NULL,
    PRIMARY KEY (block, person, first_day)
);
