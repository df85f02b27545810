"""Writes the node tests of the `onnx` package as fixtures: NAME/model.onnx and NAME/case.json.

    python bench/conformance/export.py OUT [NAME ..]

What a model holds as constants in practice (shapes, axes, the weights of recurrent and quantised operators) is an input
of the test's graph; here it becomes an initialiser. Values that are no numbers are left out with the reason in
case.json, under "skip". Needs `onnx` and `numpy`.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

# Inputs that decide shapes, or that are parameters of a model, by operator.
FIXED = {
    "AffineGrid": [1], "BatchNormalization": [1, 2, 3, 4], "CenterCropPad": [1], "Col2Im": [1, 2],
    "ConstantOfShape": [0], "ConvInteger": [1, 2, 3], "CumSum": [1], "CumProd": [1], "DFT": [1, 2],
    "DequantizeLinear": [1, 2], "Dropout": [1, 2], "Expand": [1], "GRU": [1, 2, 3], "LSTM": [1, 2, 3, 7],
    "MatMulInteger": [1, 2, 3], "MaxUnpool": [2], "NonMaxSuppression": [2, 3, 4], "OneHot": [1, 2], "Pad": [1, 2, 3],
    "QLinearConv": [1, 2, 3, 4, 5, 6, 7, 8], "QLinearMatMul": [1, 2, 4, 5, 6, 7], "QuantizeLinear": [1, 2], "RNN": [1, 2, 3],
    "Range": [0, 1, 2], "ReduceL1": [1], "ReduceL2": [1], "ReduceLogSum": [1], "ReduceLogSumExp": [1],
    "ReduceMax": [1], "ReduceMean": [1], "ReduceMin": [1], "ReduceProd": [1], "ReduceSum": [1],
    "ReduceSumSquare": [1], "Reshape": [1], "Resize": [1, 2, 3], "ReverseSequence": [1], "STFT": [1, 3], "Slice": [1, 2, 3, 4],
    "Split": [1], "Squeeze": [1], "Tile": [1], "TopK": [1], "Trilu": [1], "Unsqueeze": [1], "Upsample": [1],
}
MOST = 200_000


def fixed_names(model):
    """Names of the graph's inputs that become initialisers."""
    names = set()
    for node in model.graph.node:
        for at in FIXED.get(node.op_type, []):
            if at < len(node.input):
                names.add(node.input[at])
    return names & {info.name for info in model.graph.input}


def tensor(value):
    """A tensor for case.json; a string says why there is none."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return f"a {type(value).__name__} is no tensor"
    value = np.asarray(value)
    kind = str(value.dtype)
    if value.dtype.kind not in "fiub":
        return f"values of type {kind}"
    if value.size == 0:
        return "a tensor without elements"
    if value.size > MOST:
        return f"more than {MOST} values"
    numbers = value.astype(np.float64) if value.dtype.kind == "f" else value
    if value.dtype.kind == "f" and not np.isfinite(numbers).all():
        return "values that are not finite"
    return {"shape": list(value.shape), "dtype": kind, "data": numbers.reshape(-1).tolist()}


def export(case, out):
    """Writes one test; several data sets become one case each."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs, outputs = case.data_sets[0]
    fixed = fixed_names(model)
    record = {"name": case.name, "operators": sorted({node.op_type for node in case.model.graph.node})}
    record["inputs"], record["outputs"], skip = {}, {}, None
    for info, value in zip(list(model.graph.input), inputs):
        if info.name in fixed and isinstance(value, (np.ndarray, np.generic)):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), info.name))
            model.graph.input.remove(info)
            continue
        found = tensor(value)
        skip = skip or (f"input: {found}" if isinstance(found, str) else None)
        record["inputs"][info.name] = found
    for info, value in zip(model.graph.output, outputs):
        found = tensor(value)
        skip = skip or (f"output: {found}" if isinstance(found, str) else None)
        record["outputs"][info.name] = found
    if skip:
        record = {"name": record["name"], "operators": record["operators"], "skip": skip}
    folder = out / case.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "case.json").write_text(json.dumps(record))


def main():
    """Writes all tests, or those that are named."""
    warnings.simplefilter("ignore")
    out, names = Path(sys.argv[1]), set(sys.argv[2:])
    cases = [case for case in load_model_tests(kind="node") if not names or case.name in names]
    for case in cases:
        export(case, out)
    print(f"{len(cases)} tests of onnx {onnx.__version__} in {out}")


if __name__ == "__main__":
    main()
