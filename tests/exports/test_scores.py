"""Measures of answers, against figures worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.detectors.schema import validator_of
from curation.errors import WrongUse
from curation.records import Task
from exports.scores import Rules, score, token_f1


class TestSingleLabel:
    def test_measures_are_those_worked_out_by_hand(self) -> None:
        # answered a 2, b 2; correct a 1, b 1; micro 2·2/(5+4); F1 a 1/2, b 1/2, c 0
        found = score(
            Task.SINGLE_LABEL,
            ["a", "a", "b", "b", "c"],
            ["a", "b", " b\n", "x", "a"],
            ["a", "b", "c"],
        )
        assert found.values() == pytest.approx(
            {"accuracy": 2 / 5, "micro F1": 4 / 9, "macro F1": 1 / 3}
        )
        assert found.parsed.tolist() == [True, True, True, False, True]
        assert found.right.tolist() == [True, False, True, False, False]

    def test_a_label_without_gold_does_not_count_in_macro_f1(self) -> None:
        found = score(Task.SINGLE_LABEL, ["a", "a"], ["a", "b"], ["a", "b"])
        assert found.values()["macro F1"] == pytest.approx(2 / 3)

    def test_no_answer_is_unreadable_and_wrong(self) -> None:
        found = score(Task.SINGLE_LABEL, ["a", "a"], [None, ""], ["a"])
        assert found.values() == {"accuracy": 0.0, "micro F1": 0.0, "macro F1": 0.0}
        assert not found.parsed.any()

    def test_case_counts_unless_it_is_to_be_ignored(self) -> None:
        strict = score(Task.SINGLE_LABEL, ["Ärger"], ["äRGER"], ["Ärger"])
        lax = score(Task.SINGLE_LABEL, ["Ärger"], ["äRGER"], ["Ärger"], Rules(ignore_case=True))
        assert (strict.right[0], lax.right[0]) == (False, True)

    def test_labels_that_differ_in_case_alone_need_it(self) -> None:
        with pytest.raises(WrongUse, match="'us' and 'US' are the same once white space and case"):
            score(Task.SINGLE_LABEL, ["us"], ["US"], ["us", "US"], Rules(ignore_case=True))
        assert score(Task.SINGLE_LABEL, ["us"], ["US"], ["us", "US"]).parsed[0]


class TestMultiLabel:
    def test_measures_are_those_worked_out_by_hand(self) -> None:
        # gold p 2, q 1, r 1; answered p 1, r 1, unknown 1; correct p 1, r 1
        found = score(
            Task.MULTI_LABEL,
            ['["p","q"]', '["r"]', "[]", '["p"]'],
            ['["p"]', '["z", "r"]', "[]", "p"],
            ["p", "q", "r"],
        )
        assert found.values() == pytest.approx(
            {
                "exact match": 1 / 4,
                "Jaccard": (1 / 2 + 1 / 2 + 1 + 0) / 4,
                "micro F1": 4 / 7,
                "macro F1": (2 / 3 + 0 + 1) / 3,
            }
        )
        assert found.parsed.tolist() == [True, True, True, False]

    def test_an_unreadable_answer_is_not_an_empty_one(self) -> None:
        found = score(Task.MULTI_LABEL, ["[]", "[]"], ["[]", "none"], ["p"])
        assert found.right.tolist() == [True, False]
        assert found.values()["Jaccard"] == 0.5
        assert found.values()["micro F1"] is None

    @pytest.mark.parametrize("answer", ['{"p": 1}', "[1]", '"p"', "[[]]", "[" * 9999])
    def test_what_is_no_list_of_texts_is_unreadable(self, answer: str) -> None:
        assert not score(Task.MULTI_LABEL, ['["p"]'], [answer], ["p"]).parsed[0]


class TestChat:
    def test_token_f1_is_squads(self) -> None:
        # cat sat on mat · cat on mat sleeping: 3 of 4 and 4
        assert token_f1("The cat sat on the mat.", "a CAT on a mat, sleeping") == 2 * 3 / 8

    def test_a_token_counts_as_often_as_both_have_it(self) -> None:
        assert token_f1("no no no", "no") == 2 * 1 / 4

    def test_texts_without_tokens_are_alike_only_to_each_other(self) -> None:
        assert (token_f1("the", "..."), token_f1("the", "cat")) == (1.0, 0.0)

    @given(st.text(max_size=20), st.text(max_size=20))
    def test_it_is_symmetric_and_between_0_and_1(self, one: str, other: str) -> None:
        assert token_f1(one, other) == token_f1(other, one)
        assert 0 <= token_f1(one, other) <= 1
        assert token_f1(one, one) == 1

    def test_the_exact_match_is_of_the_texts_themselves(self) -> None:
        found = score(Task.CHAT, ["Yes.", "Yes.", "Yes."], [" Yes.\n", "yes", "  "])
        assert found.values() == pytest.approx({"exact match": 1 / 3, "token F1": 2 / 3})
        assert found.parsed.tolist() == [True, True, False]


class TestExtraction:
    GOLD = '{"a":1,"b":{"c":"x"},"l":[1,2]}'

    def test_measures_are_those_worked_out_by_hand(self) -> None:
        # same: a, l[0]; in either: a, b.c, l[0], l[1], d; F1 a 1, b.c 0, l 2·1/(2+1)
        answer = '{"l":[1],"a":1.0,"b":{"c":"y"},"d":true}'
        found = score(Task.EXTRACTION, [self.GOLD], [answer])
        assert found.layout.classes == ("$.a", "$.b.c", "$.l[*]")
        assert found.values() == pytest.approx(
            {
                "exact match": 0.0,
                "field match": 2 / 5,
                "valid JSON": 1.0,
                "micro F1": 4 / 8,
                "macro F1": (1 + 0 + 2 / 3) / 3,
            }
        )

    def test_the_order_of_keys_and_the_spelling_of_numbers_are_no_difference(self) -> None:
        answer = '{"l": [1, 2.0], "b": {"c": "x"}, "a": 1}'
        assert score(Task.EXTRACTION, [self.GOLD], [answer]).right[0]

    @pytest.mark.parametrize(
        ("gold", "answer"), [("[1]", "[true]"), ("[]", "{}"), ("[]", "[[]]"), ("[2,1]", "[1,2]")]
    )
    def test_other_values_are_a_difference(self, gold: str, answer: str) -> None:
        assert not score(Task.EXTRACTION, [gold], [answer]).right[0]

    @pytest.mark.parametrize("answer", ["NaN", '{"a": Infinity}', "[" * 9999, "", "{'a': 1}"])
    def test_what_python_alone_would_read_is_not_json(self, answer: str) -> None:
        assert not score(Task.EXTRACTION, ['{"a":1}'], [answer]).parsed[0]

    def test_what_is_not_json_is_unreadable_and_fits_no_schema(self) -> None:
        schema = {"type": "object", "required": ["a"]}
        found = score(
            Task.EXTRACTION,
            ['{"a":1}'] * 3,
            ['{"a":2}', "{}", "```json"],
            rules=Rules(validator=validator_of(schema)),
        )
        values = found.values()
        assert values["valid JSON"] == pytest.approx(2 / 3)
        assert values["fits the schema"] == pytest.approx(1 / 3)
        assert found.parsed.tolist() == [True, True, False]

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=8,
        )
    )
    def test_every_output_matches_itself(self, value: object) -> None:
        text = json.dumps(value)
        found = score(Task.EXTRACTION, [text], [text])
        assert found.values()["exact match"] == found.values()["field match"] == 1


def test_measures_are_functions_of_sums_over_any_choice_of_rows() -> None:
    gold, answers = list("aabbc"), ["a", "b", "b", "x", "c"]
    chosen = [0, 0, 3, 4]
    found = score(Task.SINGLE_LABEL, gold, answers, list("abc"))
    again = score(
        Task.SINGLE_LABEL, [gold[n] for n in chosen], [answers[n] for n in chosen], list("abc")
    )
    sums = np.asarray(found.parts[chosen].sum(axis=0))
    assert found.layout.values(sums) == pytest.approx(list(again.values().values()))
