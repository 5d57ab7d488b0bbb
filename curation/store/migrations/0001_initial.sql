-- The whole data model. Tables of imported and computed facts first, then the log of decisions,
-- then the view that folds decisions into what an example says now.

CREATE TABLE dataset (
    dataset_id    VARCHAR NOT NULL,
    name          VARCHAR NOT NULL,
    task          VARCHAR NOT NULL CHECK (task IN ('single-label', 'multi-label', 'chat', 'extraction')),
    guidelines    VARCHAR NOT NULL DEFAULT '',
    output_schema VARCHAR,            -- JSON Schema of the output; extraction only
    settings      VARCHAR NOT NULL,   -- JSON of curation.records.Settings
    created_at    TIMESTAMPTZ NOT NULL
);

CREATE TABLE label (
    dataset_id  VARCHAR NOT NULL,
    name        VARCHAR NOT NULL,
    description VARCHAR NOT NULL DEFAULT ''
);

-- One import of one file.
CREATE TABLE source (
    source_id       VARCHAR NOT NULL,
    dataset_id      VARCHAR NOT NULL,
    file_name       VARCHAR NOT NULL,
    sha256          VARCHAR NOT NULL,
    mapping         VARCHAR NOT NULL, -- JSON of the column mapping
    rows            BIGINT NOT NULL,
    imported        BIGINT NOT NULL,
    already_present BIGINT NOT NULL,
    quarantined     BIGINT NOT NULL,
    imported_at     TIMESTAMPTZ NOT NULL
);

CREATE TABLE quarantine (
    dataset_id  VARCHAR NOT NULL,
    source_id   VARCHAR NOT NULL,
    source_row  BIGINT NOT NULL,      -- data rows count from 1
    column_name VARCHAR,              -- NULL: the whole row
    reason      VARCHAR NOT NULL,
    raw         VARCHAR NOT NULL
);

-- One input with its given output. Never updated.
CREATE TABLE example (
    dataset_id VARCHAR NOT NULL,
    example_id VARCHAR NOT NULL,      -- hash of input, output and occurrence
    source_id  VARCHAR NOT NULL,
    source_row BIGINT NOT NULL,
    text       VARCHAR NOT NULL,      -- the input as people see it and as it is embedded
    given      VARCHAR,               -- see curation.records.encode_output; NULL: missing
    messages   VARCHAR,               -- JSON of all turns, where the source had them
    metadata   VARCHAR NOT NULL,      -- JSON object of the other columns
    text_hash  VARCHAR NOT NULL       -- key into the vector cache
);

-- Similar pairs down to a floor; thresholds apply when they are read.
CREATE TABLE pair (
    dataset_id VARCHAR NOT NULL,
    example_id VARCHAR NOT NULL,      -- example_id < other_id
    other_id   VARCHAR NOT NULL,
    similarity FLOAT NOT NULL,        -- cosine
    kind       VARCHAR NOT NULL CHECK (kind IN ('exact', 'near', 'near-twin'))
);

CREATE TABLE neighbour (
    dataset_id   VARCHAR NOT NULL,
    example_id   VARCHAR NOT NULL,
    other_ids    VARCHAR[] NOT NULL,  -- nearest first
    similarities FLOAT[] NOT NULL
);

-- A machine's finding on an example. score: 0 surely wrong … 1 surely fine.
CREATE TABLE flag (
    dataset_id       VARCHAR NOT NULL,
    example_id       VARCHAR NOT NULL,
    kind             VARCHAR NOT NULL,
    score            DOUBLE,
    suggested        VARCHAR,
    confidence       DOUBLE,          -- probability of the suggested output
    given_confidence DOUBLE,          -- probability of the given output
    flagged          BOOLEAN NOT NULL,
    reason           VARCHAR NOT NULL
);

-- A finished step of the analysis; the same input_key means there is nothing to do.
CREATE TABLE step (
    dataset_id  VARCHAR NOT NULL,
    name        VARCHAR NOT NULL,
    input_key   VARCHAR NOT NULL,
    seconds     DOUBLE NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE export (
    export_id    VARCHAR NOT NULL,
    dataset_id   VARCHAR NOT NULL,
    decision_seq BIGINT NOT NULL,     -- the last decision that the export contains
    format       VARCHAR NOT NULL,
    folder       VARCHAR NOT NULL,
    manifest     VARCHAR NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL
);

-- The split of each example at the last export; test examples stay test examples.
CREATE TABLE split_ledger (
    dataset_id VARCHAR NOT NULL,
    example_id VARCHAR NOT NULL,
    split      VARCHAR NOT NULL
);

-- Append-only, a mirror of decisions.jsonl. No primary key: replaying the write-ahead log of a
-- keyed table takes three times as long, and the single writer already numbers and deduplicates.
CREATE TABLE decision (
    seq        BIGINT NOT NULL,
    op_id      VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    example_id VARCHAR NOT NULL,
    annotator  VARCHAR NOT NULL,
    action     VARCHAR NOT NULL,
    value      VARCHAR,               -- the output decided on; for undo: the op_id taken back
    comment    VARCHAR,
    about      VARCHAR NOT NULL,      -- 'output' or 'duplicate'
    revision   BIGINT NOT NULL,       -- last decision on this example the person had seen
    elapsed_ms BIGINT NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);

-- Decisions that stand: neither undo acts nor what they took back.
CREATE VIEW standing_decision AS
SELECT d.*
FROM decision AS d
WHERE d.action <> 'undo'
  AND d.op_id NOT IN (SELECT u.value FROM decision AS u WHERE u.action = 'undo');

-- The fold: what each example says now. The latest standing verdict wins; `disputed` tells
-- that two people's latest verdicts differ.
CREATE VIEW current_example AS
WITH verdict AS (
    SELECT dataset_id, example_id, seq, annotator, action, value, decided_at,
           row_number() OVER (PARTITION BY dataset_id, example_id, annotator ORDER BY seq DESC) AS nth
    FROM standing_decision
    WHERE about = 'output' AND action IN ('keep', 'relabel', 'edit', 'exclude')
),
folded AS (
    SELECT dataset_id, example_id,
           arg_max(action, seq) AS action,
           arg_max(value, seq) FILTER (action <> 'exclude') AS value,
           arg_max(annotator, seq) AS annotator,
           max(decided_at) AS decided_at,
           count(DISTINCT CASE WHEN action = 'exclude' THEN '' ELSE 'output ' || value END)
               FILTER (nth = 1) > 1 AS disputed
    FROM verdict GROUP BY ALL
),
duplicate AS (
    SELECT dataset_id, example_id, arg_max(action, seq) AS action
    FROM standing_decision
    WHERE about = 'duplicate' AND action IN ('keep', 'exclude') GROUP BY ALL
),
aside AS (
    SELECT dataset_id, example_id,
           arg_max(comment, seq) FILTER (comment IS NOT NULL) AS comment,
           bool_or(action = 'skip') AS skipped
    FROM standing_decision GROUP BY ALL
),
revision AS (
    SELECT dataset_id, example_id, max(seq) AS revision FROM decision GROUP BY ALL
)
SELECT e.*,
       CASE WHEN v.action IN ('keep', 'relabel', 'edit') THEN v.value
            ELSE coalesce(v.value, e.given) END AS current,
       CASE WHEN v.action = 'exclude' OR (v.action IS NULL AND d.action = 'exclude') THEN 'excluded'
            WHEN v.action = 'keep' THEN 'kept'
            WHEN v.action = 'relabel' THEN 'relabelled'
            WHEN v.action = 'edit' THEN 'edited'
            WHEN a.skipped THEN 'skipped'
            ELSE 'unreviewed' END AS status,
       coalesce(v.action = 'exclude', false) OR coalesce(d.action = 'exclude', false) AS excluded,
       d.action AS duplicate_verdict,
       v.annotator AS decided_by,
       v.decided_at,
       coalesce(v.disputed, false) AS disputed,
       a.comment,
       coalesce(r.revision, 0) AS revision
FROM example AS e
LEFT JOIN folded AS v USING (dataset_id, example_id)
LEFT JOIN duplicate AS d USING (dataset_id, example_id)
LEFT JOIN aside AS a USING (dataset_id, example_id)
LEFT JOIN revision AS r USING (dataset_id, example_id);
