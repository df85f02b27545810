#!/usr/bin/env python3
"""Time and memory of a proof against batch, sequence length, depth and width, with the exponent of each.

    pip install -r bench/requirements.txt
    python bench/scaling.py [AXIS ...] [--output bench/results]

The models are made here, with random weights: a perceptron with ReLU for batch, depth and width, and one block of a
transformer for the sequence. Batch and sequence are symbolic, so all their sizes are proven with one key. Every proof is a
process of its own. The exponent is the slope of the line through the last points on a logarithmic scale, where what does not
depend on the size no longer counts. Writes `scaling.md`, `scaling.json` and `scaling.png`.
"""

import argparse
import json
import math
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
from compare import ROOT, human, machine
from onnx import TensorProto, helper, numpy_helper

# How many of the largest sizes the exponent is fitted to.
FITTED = 3


class Graph:
    """A model in the making."""

    def __init__(self):
        self.rng = np.random.default_rng(7)
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape):
        return self.constant((self.rng.standard_normal(shape) / math.sqrt(shape[0])).astype(np.float32))

    def node(self, kind, *inputs, **attributes):
        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def dense(self, x, inputs, outputs):
        product = self.node("MatMul", x, self.weights(inputs, outputs))
        return self.node("Add", product, self.constant(np.zeros(outputs, np.float32)))

    def save(self, path, x_shape, y, y_shape):
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, x_shape)
        y = helper.make_tensor_value_info(y, TensorProto.FLOAT, y_shape)
        graph = helper.make_graph(self.nodes, "model", [x], [y], self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def perceptron(path, depth, width):
    """`depth` layers of `width` neurons, over an open batch."""
    graph, y = Graph(), "x"
    for layer in range(depth):
        y = graph.dense(y, width, width)
        if layer + 1 < depth:
            y = graph.node("Relu", y)
    graph.save(path, ["batch", width], y, ["batch", width])


def transformer(path, width, heads):
    """One block with attention over an open sequence."""
    graph = Graph()

    def norm(x):
        ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
        return graph.node("LayerNormalization", x, graph.constant(ones), graph.constant(zeros), axis=-1)

    def split(x, order):
        shape = graph.constant(np.array([0, 0, heads, width // heads], np.int64))
        return graph.node("Transpose", graph.node("Reshape", x, shape), perm=order)

    x = norm("x")
    q, v = (split(graph.dense(x, width, width), [0, 2, 1, 3]) for _ in range(2))
    k = split(graph.dense(x, width, width), [0, 2, 3, 1])
    scale = graph.constant(np.float32(1 / math.sqrt(width // heads)))
    scores = graph.node("Softmax", graph.node("Mul", graph.node("MatMul", q, k), scale), axis=-1)
    mixed = graph.node("Transpose", graph.node("MatMul", scores, v), perm=[0, 2, 1, 3])
    mixed = graph.node("Reshape", mixed, graph.constant(np.array([0, 0, width], np.int64)))
    x = graph.node("Add", "x", graph.dense(mixed, width, width))
    hidden = graph.node("Relu", graph.dense(norm(x), width, 4 * width))
    y = graph.node("Add", x, graph.dense(hidden, 4 * width, width))
    graph.save(path, [1, "sequence", width], y, [1, "sequence", width])


# For each axis: its sizes, what stays the same, the model, the shape of the input, and whether a key holds for all sizes.
AXES = {
    "batch": ([4, 16, 64, 256, 1024, 4096, 16384], "a perceptron of 4 layers of 256", lambda path, _: perceptron(path, 4, 256), lambda n: (n, 256), True),
    "sequence": ([16, 32, 64, 128, 256, 512], "a transformer block, width 128, 4 heads", lambda path, _: transformer(path, 128, 4), lambda n: (1, n, 128), True),
    "depth": ([4, 8, 16, 32, 64, 128], "a perceptron, width 256, batch 64", lambda path, n: perceptron(path, n, 256), lambda _: (64, 256), False),
    "width": ([128, 256, 512, 1024, 2048, 4096], "a perceptron of 4 layers, batch 64", lambda path, n: perceptron(path, 4, n), lambda n: (64, n), False),
}


def vouch(binary, *arguments):
    done = subprocess.run([binary, "--json", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"vouch {arguments[0]}: {done.stdout or done.stderr}")
    return json.loads(done.stdout)


def measure(binary, axis, repeat):
    """The points of an axis: size, seconds, peak bytes, proof bytes, committed integers."""
    sizes, _, model, shape, is_open = AXES[axis]
    rng, points, key_of = np.random.default_rng(1), [], {}
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)

        def inputs_of(size):
            path = work / f"input_{size}.npz"
            np.savez(path, x=rng.standard_normal(shape(size)).astype(np.float32))
            return path

        def keys_of(size):
            # One key for all sizes of an open axis, made for one in the middle.
            size = sizes[len(sizes) // 2] if is_open else size
            if size not in key_of:
                key_of[size] = work / f"keys_{size}"
                model(work / "model.onnx", size)
                name, most, typical = (axis, max(sizes), size) if is_open else ("batch", 64, 64)
                options = ["--limit", f"{name}={most}", "--typical", f"{name}={typical}", "--calibrate", inputs_of(size)]
                vouch(binary, "setup", work / "model.onnx", *options, "-o", key_of[size])
            return key_of[size]

        for size in sizes:
            keys, inputs = keys_of(size), inputs_of(size)
            runs = [vouch(binary, "prove", keys / "model.pk", inputs, "-o", work / "proof") for _ in range(repeat)]
            verified = [vouch(binary, "verify", keys / "model.vk", work / "proof", "--trusted", work / "trusted") for _ in range(2)][-1]
            points.append({
                "size": size,
                "prove": statistics.median(run["seconds"]["prove"] for run in runs),
                "verify": verified["seconds"]["verify"],
                "peak_bytes": statistics.median(run["peak_bytes"] for run in runs),
                "proof_bytes": verified["proof_bytes"],
            })
            print(axis, points[-1], flush=True)
    return points


def exponent(points, key):
    """The slope of the logarithm of a quantity against that of the size, over the largest sizes."""
    last = points[-FITTED:]
    slope, _ = np.polyfit([math.log(point["size"]) for point in last], [math.log(point[key]) for point in last], 1)
    return slope


QUANTITIES = [("prove", "s", "prove"), ("verify", "s", "verify"), ("peak_bytes", "B", "peak memory"), ("proof_bytes", "B", "proof")]


def table(results):
    lines = []
    for axis, points in results.items():
        lines += [f"### {axis}: {AXES[axis][1]}", "", f"| {axis} | " + " | ".join(title for *_, title in QUANTITIES) + " |", "| --- " * (len(QUANTITIES) + 1) + "|"]
        lines += [f"| {point['size']} | " + " | ".join(human(point[key], unit) for key, unit, _ in QUANTITIES) + " |" for point in points]
        lines += ["| **exponent** | " + " | ".join(f"**{exponent(points, key):.2f}**" for key, *_ in QUANTITIES) + " |", ""]
    return "\n".join(lines)


def plot(results, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(2, len(results), figsize=(4 * len(results), 7), squeeze=False)
    for column, (axis, points) in enumerate(results.items()):
        for row, (key, title) in zip(rows, [("prove", "time of a proof (s)"), ("peak_bytes", "peak memory (bytes)")]):
            sizes, values = [point["size"] for point in points], [point[key] for point in points]
            slope, last = exponent(points, key), len(points) - FITTED
            row[column].loglog(sizes, values, "o-")
            row[column].loglog(sizes[last:], [values[-1] * (size / sizes[-1]) ** slope for size in sizes[last:]], "--", label=f"exponent {slope:.2f}")
            row[column].set_title(f"{title} against {axis}", fontsize=9)
            # The sizes that were measured, and no marks between them that run into each other.
            row[column].set_xticks(sizes, [str(size) for size in sizes])
            row[column].set_xticks([], minor=True)
            row[column].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("axes", nargs="*", help=f"of {', '.join(AXES)}; all if absent")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results")
    parser.add_argument("--repeat", type=int, default=3, help="proofs of each size; the median counts")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    binary = ROOT / "target" / "release" / "vouch"
    arguments.output.mkdir(parents=True, exist_ok=True)
    about = {key: value for key, value in machine().items() if key != "ezkl"}
    results = {axis: measure(binary, axis, arguments.repeat) for axis in arguments.axes or AXES}
    exponents = {axis: {key: round(exponent(points, key), 3) for key, *_ in QUANTITIES} for axis, points in results.items()}
    record = {"machine": about, "results": results, "exponents": exponents}
    (arguments.output / "scaling.json").write_text(json.dumps(record, indent=1) + "\n")
    text = ", ".join(f"{key} {value}" for key, value in about.items())
    markdown = f"Machine: {text}\n\n{table(results)}"
    (arguments.output / "scaling.md").write_text(markdown)
    plot(results, arguments.output / "scaling.png")
    print(markdown)


if __name__ == "__main__":
    main()
