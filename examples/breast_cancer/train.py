#!/usr/bin/env python3
"""Trains the breast-cancer classifier and writes it as ONNX, with its test data.

The data set is the Wisconsin diagnostic set that scikit-learn ships: 569 samples of 30 measurements, labelled
malignant (0) or benign (1). Usage:

    pip install scikit-learn==1.9.1 onnx==1.23.2
    python train.py

writes `model.onnx` (a network with 30-32-16-2 units and a softmax, batch axis open), and from the part of the data
that it was not trained on `test_inputs.npy` (standardised measurements), `test_labels.npy`, and `patient.json` (one of
them); `calibration.npy` is taken from the training part.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEED = 7


def layers(classifier):
    """Weights and biases in single precision; the last layer gets one output per class."""
    found = [
        (w.astype(np.float32), b.astype(np.float32))
        for w, b in zip(classifier.coefs_, classifier.intercepts_)
    ]
    # Scikit-learn trains one logit z for two classes; softmax of (0, z) is the same distribution.
    weights, bias = found[-1]
    found[-1] = (
        np.hstack([np.zeros_like(weights), weights]),
        np.concatenate([np.zeros_like(bias), bias]),
    )
    return found


def export(classifier, path):
    nodes, initializers, last = [], [], "measurements"
    found = layers(classifier)
    for at, (weights, bias) in enumerate(found):
        initializers += [
            numpy_helper.from_array(weights, f"layer{at}.weight"),
            numpy_helper.from_array(bias, f"layer{at}.bias"),
        ]
        out = f"layer{at}.out"
        nodes.append(helper.make_node("Gemm", [last, f"layer{at}.weight", f"layer{at}.bias"], [out]))
        last = out
        if at + 1 < len(found):
            nodes.append(helper.make_node("Relu", [last], [f"layer{at}.relu"]))
            last = f"layer{at}.relu"
    nodes.append(helper.make_node("Softmax", [last], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "breast_cancer",
        [helper.make_tensor_value_info("measurements", TensorProto.FLOAT, ["batch", 30])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 2])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def main():
    data = load_breast_cancer()
    train_x, test_x, train_y, test_y = train_test_split(
        data.data, data.target, test_size=0.3, random_state=SEED, stratify=data.target
    )
    scaler = StandardScaler().fit(train_x)
    train_x, test_x = scaler.transform(train_x), scaler.transform(test_x)
    classifier = MLPClassifier((32, 16), alpha=1e-2, max_iter=2000, random_state=SEED)
    classifier.fit(train_x, train_y)
    print(f"accuracy on the test part: {classifier.score(test_x, test_y):.4f} of {len(test_y)} samples")

    export(classifier, HERE / "model.onnx")
    np.save(HERE / "calibration.npy", train_x.astype(np.float32))
    np.save(HERE / "test_inputs.npy", test_x.astype(np.float32))
    np.save(HERE / "test_labels.npy", test_y.astype(np.int64))
    patient = {"measurements": [[round(float(v), 6) for v in test_x[0]]]}
    (HERE / "patient.json").write_text(json.dumps(patient) + "\n")


if __name__ == "__main__":
    main()
