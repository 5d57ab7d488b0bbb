-- Pairs that are alike in spelling, and how pairs were looked for.

-- How alike the two texts are written; NULL: found before this was compared.
ALTER TABLE pair ADD COLUMN lexical FLOAT;

-- How the pairs of a dataset were searched, and the share that was found.
CREATE TABLE duplicate_search (
    dataset_id VARCHAR NOT NULL,
    channel    VARCHAR NOT NULL,      -- 'embedding' or 'lexical'
    method     VARCHAR NOT NULL,      -- 'exact': nothing is missed; 'cells': estimated
    rows       BIGINT NOT NULL,       -- texts that were compared
    cells      BIGINT NOT NULL,       -- 0 where everything was compared
    threshold  DOUBLE NOT NULL,       -- the similarity from which pairs were counted
    recall     DOUBLE,                -- NULL: there was nothing to measure it on
    low        DOUBLE,                -- 95 % interval
    high       DOUBLE
);
