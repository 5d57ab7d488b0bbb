-- Exports that can be made again, byte for byte: what each holds, and what examples said then.

DROP VIEW current_example;
DROP VIEW standing_decision;

-- Decisions up to number `last` that stood then: neither undo acts nor what they took back.
CREATE MACRO standing_decision_at(last) AS TABLE
SELECT d.*
FROM decision AS d
WHERE d.seq <= last AND d.action <> 'undo'
  AND d.op_id NOT IN (SELECT u.value FROM decision AS u WHERE u.seq <= last AND u.action = 'undo');

-- The fold: what each example said after decision number `last`. The latest standing verdict wins;
-- `disputed` tells that two people's latest verdicts differ.
CREATE MACRO example_at(last) AS TABLE
WITH verdict AS (
    SELECT dataset_id, example_id, seq, annotator, action, value, decided_at,
           row_number() OVER (PARTITION BY dataset_id, example_id, annotator ORDER BY seq DESC) AS nth
    FROM standing_decision_at(last)
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
    FROM standing_decision_at(last)
    WHERE about = 'duplicate' AND action IN ('keep', 'exclude') GROUP BY ALL
),
aside AS (
    SELECT dataset_id, example_id,
           arg_max(comment, seq) FILTER (comment IS NOT NULL) AS comment,
           bool_or(action = 'skip') AS skipped
    FROM standing_decision_at(last) GROUP BY ALL
),
revision AS (
    SELECT dataset_id, example_id, max(seq) AS revision FROM decision WHERE seq <= last GROUP BY ALL
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

CREATE VIEW standing_decision AS SELECT * FROM standing_decision_at(9223372036854775807);
CREATE VIEW current_example AS SELECT * FROM example_at(9223372036854775807);

ALTER TABLE export ADD COLUMN options VARCHAR;  -- JSON of exports.options.ExportOptions

-- What an export said of each example. Neither split nor reason: none, it only had a place before.
CREATE TABLE export_row (
    export_id  VARCHAR NOT NULL,
    example_id VARCHAR NOT NULL,
    "group"    VARCHAR,
    split      VARCHAR,
    fold       BIGINT,
    weight     DOUBLE,                -- of a train row
    exported   BOOLEAN NOT NULL,
    reason     VARCHAR,               -- why it stayed out
    detail     VARCHAR
);

-- How a dataset was exported last, which is how it will be unless somebody says otherwise.
CREATE TABLE export_choice (
    dataset_id VARCHAR NOT NULL,
    options    VARCHAR NOT NULL
);
