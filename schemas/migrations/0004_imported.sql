-- Scans that another service counted before a code was brought here (schemas.imported): one row for all that a service
-- says of a code, so that a new import takes the place of the last one in one step. They are no scans of ours: no total,
-- no rollup and no proof has them. 1970-01-01 stands for no day.
CREATE TABLE IF NOT EXISTS imported_scans (
    workspace UInt64,
    code UInt64,
    service LowCardinality(String),
    version UInt64,
    past Nested (
        day Date,
        kind LowCardinality(String),
        country LowCardinality(String),
        referrer_host String,
        n UInt64
    )
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (workspace, code, service);
