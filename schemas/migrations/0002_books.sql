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
    workspace UInt64,
    code UInt64,
    check UInt64,
    reason LowCardinality(String),
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (source, seq);

-- Batches whose rows are stored for certain, in the order of storing: the feed (`analytics.feed`) hands out scans by it.
-- A batch may stand here twice. `details`: schemas.stored_batch. A replay of dead letters is kept, so that no later one
-- lists its rows again.
CREATE TABLE IF NOT EXISTS stored_batches (
    bus String,
    bus_partition UInt64,
    first UInt64,
    last UInt64,
    rows UInt32,
    oldest DateTime64(3, 'UTC'),
    newest DateTime64(3, 'UTC'),
    replay UInt64,
    details String,
    track UInt64,
    at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toDate(at)
ORDER BY at
TTL toDateTime(at) + INTERVAL 8 DAY DELETE WHERE replay = 0;

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

-- Months of workspaces from whose sums an erasure is taking away what it erases, with the tokens of those inserts. Empty
-- at rest: what a killed erasure leaves here is compared with `scans` before the next one.
CREATE TABLE IF NOT EXISTS erasing (
    workspace UInt64,
    month UInt32,
    token String
)
ENGINE = MergeTree
ORDER BY (workspace, month);
