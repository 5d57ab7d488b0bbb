"""Matrix products on int8 numbers of two digits, written into a traced model.

One byte for a number is too coarse for what a transformer computes: a few channels are ten times
as large as the rest, and the step that they need is the step for all. So weights and inputs are
each written as a high and a low digit, w = (h + l / 254) · s with h and l in -127 … 127, and

    x · w = hx · hw + (lx · hw + hx · lw) / 254,

the two in brackets as one product over twice as many rows. What is left out, lx · lw, is smaller by
254 once more. Int8 products are several times as fast as float32 ones where the processor has
instructions for them, so three of them still take less time than one of those.

Weights have a scale for each column. Inputs have one for the whole tensor, fixed beforehand from
made-up texts, so that the texts of a batch do not touch one another; the few large channels are
made smaller first and their weights larger (Xiao et al. 2023, "SmoothQuant", section 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.vectors import Vectors

STEPS = 127
RATIO = 254
"""How much finer the low digit is: a high step is from -127 to 127 low ones."""
USUAL = 0.99
"""Channels above this quantile of the ranges are brought down to it."""
WORTH_IT = 2.0
"""Unless the largest is so many times as large they stay as they are: it costs a multiplication."""
HEADROOM = 2.0
"""How much larger than in the made-up texts a number may be before it is cut off."""

Ids = NDArray[np.int64]


def write_int8(plain: Path, path: Path, samples: Iterable[Ids], kept: dict[str, str]) -> None:
    """Write the model of the file `plain`, its products with constant weights in int8, to `path`.

    `samples` are token ids int64 [b, s] as the model is given them; `kept` becomes metadata.
    """
    import onnx

    model = onnx.load(plain)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    products = [
        node
        for node in model.graph.node
        if node.op_type == "MatMul"
        and node.input[1] in weights
        and len(weights[node.input[1]].dims) == 2
    ]
    ranges = channel_ranges(plain, list(dict.fromkeys(node.input[0] for node in products)), samples)
    _Rewriting(model.graph, weights, ranges).rewrite(products)
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.helper.set_model_props(model, kept)
    onnx.save(model, path)


def channel_ranges(plain: Path, names: list[str], samples: Iterable[Ids]) -> dict[str, Vectors]:
    """The largest absolute value of each channel of the tensors, float32 [K], over the samples."""
    import onnx

    model = onnx.load(plain)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = open_session(model.SerializeToString())
    ranges: dict[str, Vectors] = {}
    for ids in samples:
        for name, found in zip(names, session.run(names, {"input_ids": ids}), strict=True):
            largest = np.abs(found).reshape(-1, found.shape[-1]).max(axis=0)
            ranges[name] = np.maximum(ranges.get(name, np.float32(0)), largest)
    return ranges


def open_session(model: Path | bytes) -> Any:
    """The model on one thread; several threads may run it at once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def smoothing(ranges: Vectors) -> tuple[Vectors, float]:
    """What each channel is divided by, float32 [K], at least 1, and the range of them all then."""
    usual, largest = max(float(np.quantile(ranges, USUAL)), 1e-6), float(ranges.max())
    if largest < WORTH_IT * usual:
        return np.ones(len(ranges), np.float32), HEADROOM * max(largest, usual)
    return np.maximum(ranges / usual, 1).astype(np.float32), HEADROOM * usual


def digits(weights: Vectors) -> tuple[NDArray[np.int8], NDArray[np.int8], Vectors]:
    """High and low digits int8 [K, N] and scales float32 [N]: w ≈ (high + low / RATIO) · scale."""
    scales = np.maximum(np.abs(weights).max(axis=0) / STEPS, np.finfo(np.float32).tiny)
    scaled = weights / scales
    high = np.round(scaled)
    low = np.round((scaled - high) * RATIO)
    return high.astype(np.int8), low.astype(np.int8), scales.astype(np.float32)


class _Rewriting:
    """Puts int8 products in the place of float32 ones, in the graph that it is given."""

    def __init__(self, graph: Any, weights: dict[str, Any], ranges: dict[str, Vectors]) -> None:
        self.graph, self.weights, self.ranges = graph, weights, ranges
        self.nodes: list[Any] = []
        self.users: dict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self.users[name].append(node)
        self.zero = self._constant(np.array(STEPS + 1, np.uint8))

    def rewrite(self, products: list[Any]) -> None:
        """Products of one input become one, which stands where the first of them stood."""
        of_input: dict[str, list[Any]] = defaultdict(list)
        for node in products:
            of_input[node.input[0]].append(node)
        first = {nodes[0].output[0]: nodes for nodes in of_input.values()}
        written = {node.output[0] for node in products}
        for node in list(self.graph.node):
            if node.output[0] in first:
                written.update(self._products(first[node.output[0]]))
            elif node.output[0] not in written:
                self.nodes.append(node)
        used = {name for node in self.nodes for name in node.input}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        for field, values in ((self.graph.node, self.nodes), (self.graph.initializer, kept)):
            del field[:]
            field.extend(values)

    def _products(self, products: list[Any]) -> list[str]:
        """Write products of one input with the biases behind them; returns what they give."""
        import onnx

        divisors, size = smoothing(self.ranges[products[0].input[0]])
        tables = [onnx.numpy_helper.to_array(self.weights[node.input[1]]) for node in products]
        biases, results = zip(*map(self._bias, products, tables), strict=True)
        large, small, scales = digits(np.concatenate(tables, axis=1) * divisors[:, None])
        step, fine = (
            self._constant(np.array(size / STEPS / ratio, np.float32)) for ratio in (1, RATIO)
        )
        high, both = self._digits(products[0].input[0], divisors, step, fine)
        scale, bias = self._constant(scales), self._constant(np.concatenate(biases))
        parts = [
            self._add(
                "MatMulIntegerToFloat",
                high,
                self._constant(large),
                step,
                scale,
                self.zero,
                "",
                bias,
            ),
            self._add(
                "MatMulIntegerToFloat",
                both,
                self._constant(np.concatenate([small, large])),
                fine,
                scale,
                self.zero,
            ),
        ]
        if len(products) == 1:
            self.nodes.append(onnx.helper.make_node("Add", parts, results))
        else:
            widths = self._constant(np.array([table.shape[1] for table in tables], np.int64))
            self.nodes.append(
                onnx.helper.make_node("Split", [self._add("Add", *parts), widths], results, axis=-1)
            )
        return list(results)

    def _digits(self, name: str, divisors: Vectors, step: str, fine: str) -> tuple[str, str]:
        """The high digits of a tensor, and high and low ones side by side, uint8."""
        if divisors.max() > 1:
            name = self._add("Mul", name, self._constant(1 / divisors))
        high = self._add("QuantizeLinear", name, step, self.zero)
        rest = self._add("Sub", name, self._add("DequantizeLinear", high, step, self.zero))
        low = self._add("QuantizeLinear", rest, fine, self.zero)
        return high, self._add("Concat", high, low, axis=-1)

    def _bias(self, product: Any, table: Vectors) -> tuple[Vectors, str]:
        """The constant that is added to the product and to nothing else, and the sum's name."""
        import onnx

        (result,) = product.output
        users = self.users[result]
        if len(users) == 1 and users[0].op_type == "Add":
            for name in users[0].input:
                if name in self.weights and list(self.weights[name].dims) == [table.shape[1]]:
                    bias: Vectors = onnx.numpy_helper.to_array(self.weights[name])
                    return bias, users[0].output[0]
        return np.zeros(table.shape[1], np.float32), result

    def _add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        import onnx

        name = f"int8_{len(self.nodes)}"
        domain = "com.microsoft" if kind == "MatMulIntegerToFloat" else ""
        self.nodes.append(
            onnx.helper.make_node(kind, list(inputs), [name], domain=domain, **attributes)
        )
        return name

    def _constant(self, value: Any) -> str:
        import onnx

        name = f"int8_constant_{len(self.graph.initializer)}"
        self.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
        return name
