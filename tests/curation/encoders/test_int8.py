"""Products on int8 numbers of two digits against the float32 ones they stand for."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curation.encoders import int8, models
from curation.encoders.int8 import channel_ranges, digits, open_session, smoothing, write_int8

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, models._FAST_NEEDS)), reason="needs tamis[fast]"
)

CHANCE = np.random.default_rng(0)
TABLE = CHANCE.normal(size=(40, 64)).astype(np.float32)
TABLE[:, 3] *= 30  # as transformers have it: one channel that dwarfs the others
FIRST, SECOND = CHANCE.normal(size=(2, 64, 16)).astype(np.float32)
BIAS = CHANCE.normal(size=16).astype(np.float32)
IDS = np.arange(40, dtype=np.int64).reshape(8, 5)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Ids to rows of a table, of these two products, one with a bias, and their difference."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    node, kind = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("Gather", ["table", "input_ids"], ["rows"]),
        node("MatMul", ["rows", "first"], ["one"]),
        node("Add", ["bias", "one"], ["with_bias"]),
        node("MatMul", ["rows", "second"], ["two"]),
        node("Sub", ["with_bias", "two"], ["result"]),
    ]
    graph = helper.make_graph(
        nodes,
        "products",
        [kind("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [kind("result", TensorProto.FLOAT, ["texts", "tokens", 16])],
        [
            numpy_helper.from_array(value, name)
            for name, value in zip(
                ("table", "first", "second", "bias"), (TABLE, FIRST, SECOND, BIAS), strict=True
            )
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "plain.onnx")
    return tmp_path / "plain.onnx"


def run(path: Path) -> Any:
    return open_session(path).run(None, {"input_ids": IDS})[0]


def relative_error(found: np.ndarray) -> float:
    """Against products in float64, relative to how far these spread."""
    rows = TABLE[IDS].astype(np.float64)
    exact = rows @ FIRST + BIAS - rows @ SECOND
    return float(np.abs(found - exact).max() / exact.std())


def one_digit_error() -> float:
    """What rounding inputs and weights to eight bits once would give."""
    step = np.abs(TABLE).max() / 127
    rows = np.round(TABLE[IDS] / step) * step
    rounded = [np.round(w / s) * s for w in (FIRST, SECOND) for s in [np.abs(w).max(axis=0) / 127]]
    return relative_error(rows @ rounded[0] + BIAS - rows @ rounded[1])


def test_products_are_a_hundred_times_nearer_than_with_one_digit(
    plain: Path, tmp_path: Path
) -> None:
    write_int8(plain, tmp_path / "int8.onnx", [IDS], {"made": "here"})
    error = relative_error(run(tmp_path / "int8.onnx"))
    assert 0 < error < one_digit_error() / 100
    kept = open_session(tmp_path / "int8.onnx").get_modelmeta().custom_metadata_map
    assert kept == {"made": "here"}


def test_every_product_with_constant_weights_is_in_int8_and_of_one_input_it_is_one(
    plain: Path, tmp_path: Path
) -> None:
    import onnx

    write_int8(plain, tmp_path / "int8.onnx", [IDS], {})
    graph = onnx.load(tmp_path / "int8.onnx").graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 2  # the high digits, and the two mixed ones
    assert "MatMul" not in kinds
    assert {tensor.name for tensor in graph.initializer}.isdisjoint({"first", "second", "bias"})


def test_large_channels_are_made_smaller_and_their_weights_larger(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_int8(plain, tmp_path / "smooth.onnx", [IDS], {})
    monkeypatch.setattr(int8, "WORTH_IT", np.inf)
    write_int8(plain, tmp_path / "rough.onnx", [IDS], {})
    rough, smooth = (relative_error(run(tmp_path / f"{name}.onnx")) for name in ("rough", "smooth"))
    assert smooth < rough


def test_numbers_beyond_the_headroom_are_cut_off(plain: Path, tmp_path: Path) -> None:
    # Calibrated on the row with the smallest numbers.
    small = np.array([[int(np.abs(TABLE).max(axis=1).argmin())]])
    write_int8(plain, tmp_path / "int8.onnx", [small], {})
    found = run(tmp_path / "int8.onnx")
    assert np.isfinite(found).all()
    assert relative_error(found) > 0.1


def test_ranges_are_the_largest_of_each_channel_over_all_samples(plain: Path) -> None:
    found = channel_ranges(plain, ["rows"], [IDS[:3], IDS[3:]])
    np.testing.assert_array_equal(found["rows"], np.abs(TABLE).max(axis=0))


def test_two_digits_by_hand() -> None:
    # The largest, 12.7, is 127 steps of 0.1; 0.31 is three of them and 0.1 of one, 25.4 / 254.
    high, low, scales = digits(np.array([[12.7, 0], [0.31, 0], [-0.28, 0]], np.float32))
    np.testing.assert_allclose(scales[0], 0.1, rtol=1e-6)
    assert high[:, 0].tolist() == [127, 3, -3]
    assert low[:, 0].tolist() == [0, 25, 51]
    assert not high[:, 1].any()
    assert not low[:, 1].any()


def test_smoothing_by_hand() -> None:
    # Of 101 channels the 99 % quantile is the second largest.
    ranges = np.ones(101, np.float32)
    ranges[:2] = 4, 20
    divisors, size = smoothing(ranges)
    assert size == 2 * 4
    assert divisors[:3].tolist() == [1, 5, 1]
    ranges[1] = 7  # less than twice as large as the rest
    divisors, size = smoothing(ranges)
    assert (divisors.max(), size) == (1, 2 * 7)
    assert smoothing(np.zeros(4, np.float32))[1] > 0
