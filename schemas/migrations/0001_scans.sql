-- The truth: one row for each answered visit. The columns up to `visitor` stand in the order of
-- schemas.event.ScanEvent (`ts_ms` is how a line says `ts`). `visitor` leaves this table and the rollup
-- below only as a count. Texts are numbers of a dictionary, which the aggregator sends as such; but
-- not `referrer`, of which there can be any number.
CREATE TABLE IF NOT EXISTS scans (
    source UInt64 CODEC(Delta, ZSTD),
    seq UInt64 CODEC(Delta, ZSTD),
    ts_ms Int64 EPHEMERAL,
    ts DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(ts_ms, 'UTC') CODEC(Delta, ZSTD),
    code UInt64,
    workspace UInt64 CODEC(Delta, ZSTD),
    host LowCardinality(String),
    slug LowCardinality(String),
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    outcome Enum8('redirect' = 1, 'page' = 2, 'paused' = 3, 'expired' = 4, 'early' = 5,
                  'limited' = 6, 'gate' = 7, 'unknown' = 8),
    country LowCardinality(String),
    region LowCardinality(String),
    city LowCardinality(String),
    lat Nullable(Float32),
    lon Nullable(Float32),
    device LowCardinality(String),
    model LowCardinality(String),
    os LowCardinality(String),
    browser LowCardinality(String),
    client LowCardinality(String),
    referrer_host LowCardinality(String),
    referrer String CODEC(ZSTD),
    language LowCardinality(String),
    utm_source LowCardinality(String),
    utm_medium LowCardinality(String),
    utm_campaign LowCardinality(String),
    utm_term LowCardinality(String),
    utm_content LowCardinality(String),
    variant LowCardinality(String),
    entry LowCardinality(String),
    placement LowCardinality(String),
    visitor UInt64,
    bus LowCardinality(String),
    bus_partition UInt64 CODEC(Delta, ZSTD),
    bus_offset UInt64 CODEC(Delta, ZSTD)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (workspace, code, ts)
SETTINGS non_replicated_deduplication_window = 100000;

-- The rollups are read by year-long windows, and what a read costs is mostly the number of parts it touches (about half
-- a millisecond each), so they are partitioned by year, and a partition that has been left alone for an hour is merged
-- into one part. `infra.rollups` names them and says how each is keyed.

-- How many, how many different people, and when last. A quarter of an hour is the coarsest bucket
-- from which the days of every time zone can be made.
CREATE TABLE IF NOT EXISTS scans_by_time (
    workspace UInt64,
    code UInt64,
    bucket DateTime('UTC') CODEC(Delta, ZSTD),
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    n SimpleAggregateFunction(sum, UInt64),
    visitors AggregateFunction(uniqExact, UInt64),
    last SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (workspace, code, bucket, kind)
SETTINGS non_replicated_deduplication_window = 100000,
         min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS scans_by_time_mv TO scans_by_time AS
SELECT
    workspace,
    code,
    toStartOfFifteenMinutes(toDateTime(ts, 'UTC')) AS bucket,
    kind,
    count() AS n,
    uniqExactState(visitor) AS visitors,
    max(ts) AS last
FROM scans
WHERE outcome IN ('redirect', 'page')
GROUP BY workspace, code, bucket, kind;

-- The same for all codes of a workspace. (A visitor's number is the same on every code of the workspace for a day.)
-- `fingerprint` says which scans they are: a sum over their names. What was computed from the same scans is still right.
CREATE TABLE IF NOT EXISTS workspace_by_time (
    workspace UInt64,
    bucket DateTime('UTC') CODEC(Delta, ZSTD),
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    n SimpleAggregateFunction(sum, UInt64),
    visitors AggregateFunction(uniqExact, UInt64),
    last SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    fingerprint SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (workspace, bucket, kind)
SETTINGS non_replicated_deduplication_window = 100000,
         min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS workspace_by_time_mv TO workspace_by_time AS
SELECT
    workspace,
    toStartOfFifteenMinutes(toDateTime(ts, 'UTC')) AS bucket,
    kind,
    count() AS n,
    uniqExactState(visitor) AS visitors,
    max(ts) AS last,
    sum(cityHash64(source, seq)) AS fingerprint
FROM scans
WHERE outcome IN ('redirect', 'page')
GROUP BY workspace, bucket, kind;

-- How many different people a day had, for days that are over: to count them anew from a year's states takes seconds.
-- `began` and `ended` say in which quarter of an hour (0 to 95) how many of them came first and last; so the people of any
-- part of the day that begins or ends with it are known, which makes the days of every time zone. A row is used while
-- its `n` and `fingerprint` are those of the day in `workspace_by_time` and its `seal` is that of its numbers, and is
-- otherwise made again (aggregator/visitor_counts.py).
CREATE TABLE IF NOT EXISTS visitor_counts (
    workspace UInt64,
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    day Date,
    visitors UInt64,
    began Tuple(quarters Array(UInt8), visitors Array(UInt64)),
    ended Tuple(quarters Array(UInt8), visitors Array(UInt64)),
    n UInt64,
    fingerprint UInt64,
    seal UInt64,
    made DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(made)
ORDER BY (workspace, kind, day);

-- What kind of visits: one row for each code, dimension, day and value. A visit without a value
-- counts under '', so the values of a dimension always add up to the total.
CREATE TABLE IF NOT EXISTS scans_by_value (
    workspace UInt64,
    code UInt64,
    dimension LowCardinality(String),
    day Date,
    value String,
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    n SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(day)
PRIMARY KEY (workspace, code, dimension, day)
ORDER BY (workspace, code, dimension, day, value, kind)
SETTINGS non_replicated_deduplication_window = 100000,
         min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

-- The rule by which a repair, a rebuild and the audit make them from `scans`. What a batch adds the
-- aggregator counts itself, by the same rule (aggregator/value_sums.py): the texts of its rows are
-- numbered there already.
CREATE VIEW IF NOT EXISTS scans_by_value_rule AS
SELECT
    workspace,
    code,
    ['country', 'region', 'city', 'pin', 'device', 'model', 'os', 'browser', 'client', 'referrer_host', 'referrer',
     'language', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'variant', 'slug', 'entry',
     'placement'][place] AS dimension,
    day,
    value,
    kind,
    count() AS n
FROM (
    SELECT
        workspace,
        code,
        toDate(ts, 'UTC') AS day,
        kind,
        [country,
         region,
         if(city = '' OR country = '', city, concat(city, ', ', country)),
         if(lat IS NULL OR lon IS NULL, '',
            concat(toString(round(toFloat64(assumeNotNull(lat)) * 10) / 10 + 0), '\t',
                   toString(round(toFloat64(assumeNotNull(lon)) * 10) / 10 + 0), '\t', city, '\t', country)),
         device,
         model,
         os,
         browser,
         client,
         referrer_host,
         referrer,
         language,
         utm_source,
         utm_medium,
         utm_campaign,
         utm_term,
         utm_content,
         variant,
         slug,
         entry,
         placement] AS values
    FROM scans
    WHERE outcome IN ('redirect', 'page')
)
-- Grouped by a dimension's place in the list: half the work of grouping by its name.
ARRAY JOIN values AS value, arrayEnumerate(values) AS place
GROUP BY workspace, code, place, day, value, kind;

-- The same for all codes of a workspace; and how many of the visits each code had, under the dimension `code`, with the
-- number in the column `code` and no value: a workspace has many, and numbers are added up twice as fast as texts. Most
-- questions are of one kind, so that comes before the day.
-- An erasure takes away what it erased by a row that counts below zero (the sum of UInt64 wraps around), so a value may
-- be there with a sum of 0, until a merge drops it: leave such values out.
CREATE TABLE IF NOT EXISTS workspace_by_value (
    workspace UInt64,
    dimension LowCardinality(String),
    day Date,
    value String,
    code UInt64,
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    n UInt64
)
ENGINE = SummingMergeTree(n)
PARTITION BY toYear(day)
PRIMARY KEY (workspace, dimension, kind, day)
ORDER BY (workspace, dimension, kind, day, value, code)
SETTINGS non_replicated_deduplication_window = 100000,
         min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

CREATE VIEW IF NOT EXISTS workspace_by_value_rule AS
SELECT
    workspace,
    ['code', 'country', 'region', 'city', 'pin', 'device', 'model', 'os', 'browser', 'client', 'referrer_host', 'referrer',
     'language', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'variant', 'slug', 'entry',
     'placement'][place] AS dimension,
    day,
    value,
    if(place = 1, number, 0) AS code,
    kind,
    count() AS n
FROM (
    SELECT
        workspace,
        code AS number,
        toDate(ts, 'UTC') AS day,
        kind,
        ['',
         country,
         region,
         if(city = '' OR country = '', city, concat(city, ', ', country)),
         if(lat IS NULL OR lon IS NULL, '',
            concat(toString(round(toFloat64(assumeNotNull(lat)) * 10) / 10 + 0), '\t',
                   toString(round(toFloat64(assumeNotNull(lon)) * 10) / 10 + 0), '\t', city, '\t', country)),
         device,
         model,
         os,
         browser,
         client,
         referrer_host,
         referrer,
         language,
         utm_source,
         utm_medium,
         utm_campaign,
         utm_term,
         utm_content,
         variant,
         slug,
         entry,
         placement] AS values
    FROM scans
    WHERE outcome IN ('redirect', 'page')
)
ARRAY JOIN values AS value, arrayEnumerate(values) AS place
GROUP BY workspace, place, day, value, code, kind;

-- The same by month, for windows of many months: a workspace has many codes, slugs and referrers, and most of
-- them on most days. Whatever is added to the days is added to their month.
CREATE TABLE IF NOT EXISTS workspace_by_month (
    workspace UInt64,
    dimension LowCardinality(String),
    month Date,
    value String,
    code UInt64,
    kind Enum8('human' = 1, 'bot' = 2, 'preview' = 3, 'prefetch' = 4),
    n UInt64
)
ENGINE = SummingMergeTree(n)
PARTITION BY toYear(month)
PRIMARY KEY (workspace, dimension, kind, month)
ORDER BY (workspace, dimension, kind, month, value, code)
SETTINGS non_replicated_deduplication_window = 100000,
         min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS workspace_by_month_mv TO workspace_by_month AS
SELECT
    workspace,
    dimension,
    toStartOfMonth(day) AS month,
    value,
    code,
    kind,
    sum(n) AS n
FROM workspace_by_value
WHERE true
GROUP BY workspace, dimension, month, value, code, kind;
