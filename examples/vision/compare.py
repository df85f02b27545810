#!/usr/bin/env python3
"""Compares the integer program of a key with ONNX Runtime, on the samples that `export.py` wrote.

    pip install numpy==2.4.6 onnxruntime==1.32.0
    python compare.py KEYS models/resnet50
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("keys", type=Path, help="the folder with model.pk")
    parser.add_argument("model", type=Path, help="the folder with model.onnx and the samples")
    parser.add_argument("--vouch", default="vouch", help="the program")
    arguments = parser.parse_args()
    session = onnxruntime.InferenceSession(arguments.model / "model.onnx")
    samples = [*sorted(arguments.model.glob("sample_*.npy")), arguments.model / "input.npy"]
    agree, errors, largest = 0, [], 0.0
    for path in samples:
        (expected,) = session.run(None, {session.get_inputs()[0].name: np.load(path)})
        command = [arguments.vouch, "run", arguments.keys / "model.pk", path, "--json"]
        report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        (found,) = report["outputs"].values()
        found = np.asarray(found)
        agree += int(found.argmax() == expected.argmax())
        errors.append(np.abs(found - expected).max())
        largest = max(largest, np.abs(expected).max())
    print(f"{agree} of {len(samples)} agree; largest error {max(errors):.2e}, of logits up to {largest:.2f}")


if __name__ == "__main__":
    main()
