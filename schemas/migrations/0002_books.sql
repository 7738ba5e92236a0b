-- What a redirector said of its own life: that it opened a journal, and how it closed it.
-- A row may be written again after a crash; it says the same each time.
CREATE TABLE IF NOT EXISTS sources (
    source UInt64,
    bus LowCardinality(String),
    bus_partition UInt64,
    state Enum8('open' = 1, 'closed' = 2),
    at DateTime64(3, 'UTC'),
    last_seq UInt64,
    refused Array(Tuple(UInt64, UInt64)),
    digest Nullable(UInt64)
)
ENGINE = ReplacingMergeTree
ORDER BY (source, state);

-- Rows that left `scans` on purpose. A row is deleted only once it stands here. `code` is whose deletion
-- took it, `check` that of its line (schemas.event), so that a source's digest stays whole.
CREATE TABLE IF NOT EXISTS ledger (
    source UInt64,
    seq UInt64,
    code UInt64,
    check UInt64,
    reason LowCardinality(String),
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (source, seq);

-- Records that nobody could read, moved out of the way by `waymark skip`, with where they came from.
CREATE TABLE IF NOT EXISTS dead_letters (
    bus LowCardinality(String),
    bus_partition UInt64,
    bus_offset UInt64,
    record String,
    error String,
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (bus, bus_partition, bus_offset);
