-- What the labels look like as a whole, and how much of the reviewing the flags know.

-- Pairs of labels given for one another.
CREATE TABLE label_overlap (
    dataset_id VARCHAR NOT NULL,
    label      VARCHAR NOT NULL,
    other      VARCHAR NOT NULL,
    joint      BIGINT NOT NULL,       -- estimated number of examples with one instead of the other
    share      DOUBLE NOT NULL,       -- of the examples of the rarer label
    reason     VARCHAR NOT NULL
);

-- How far the given examples of a label can be trusted. NULL: too few are clear.
CREATE TABLE label_quality (
    dataset_id          VARCHAR NOT NULL,
    label               VARCHAR NOT NULL,
    examples            BIGINT NOT NULL,
    label_quality       DOUBLE,
    label_noise         DOUBLE,
    inverse_label_noise DOUBLE,
    reason              VARCHAR NOT NULL
);

-- Groups of examples whose given and suggested labels disagree unusually often.
CREATE TABLE slice (
    dataset_id  VARCHAR NOT NULL,
    slice_id    VARCHAR NOT NULL,
    "by"        VARCHAR NOT NULL,     -- 'metadata', 'keyword' or 'topic'
    name        VARCHAR NOT NULL,
    given       VARCHAR,              -- the commonest disagreement in it
    suggested   VARCHAR,
    size        BIGINT NOT NULL,
    disagree    BIGINT NOT NULL,
    expected    DOUBLE NOT NULL,
    excess      DOUBLE NOT NULL,
    ratio       DOUBLE,
    p_value     DOUBLE NOT NULL,
    q_value     DOUBLE NOT NULL,
    reason      VARCHAR NOT NULL,
    example_ids VARCHAR[] NOT NULL    -- those that disagree first
);

-- The last decision that the step has seen.
ALTER TABLE step ADD COLUMN decision_seq BIGINT DEFAULT 0;
