#!/usr/bin/env python3
"""Proves the models that Vouch has targets for, and prints them beside the targets and what others published.

    pip install -r bench/requirements.txt
    python bench/targets.py FOLDER [FOLDER ...] [--only NAME ...] [--output bench/results]

Each FOLDER holds a folder for each model, with `model.onnx` and `input.json` or `input.npy`, and for calibration
`sample_*.npy` if there are any: what `examples/vision/export.py -o FOLDER` writes, and `examples/gpt2/export.py -o FOLDER/gpt2
--tokens 32`; a folder with nanoGPT is that of EZKL's examples. Every proof and every verification is a process of its own.
Writes `targets.md` and `targets.json`.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from compare import ROOT, human, machine
from scaling import vouch

TOKENS = ["--private", "logits", "--limit", "batch=1"]

# Name, folder, tokens, options of set-up, and the most seconds, bytes of memory, bytes of proof and seconds to verify.
CASES = [
    ("nanoGPT, 64 tokens", "nanoGPT", None, [], {"prove": 0.5}),
    ("VGG-16, 32x32", "vgg16", None, [], {"prove": 2}),
    ("ResNet-18, 32x32", "resnet18", None, [], {}),
    ("ResNet-50, 224x224", "resnet50", None, [], {"prove": 15}),
    ("MobileNetV2, 224x224", "mobilenet_v2", None, [], {}),
    ("ViT-Tiny, 224x224", "vit_tiny", None, [], {}),
    ("GPT-2, 32 tokens", "gpt2", 32, TOKENS, {"prove": 8, "peak_bytes": 8e9, "proof_bytes": 500e3, "verify": 0.05}),
    ("GPT-2, 512 tokens", "gpt2", 512, TOKENS, {"prove": 120, "peak_bytes": 20e9}),
]

# What others published, on machines of their own.
PUBLISHED = [
    ("nanoGPT, 0.25 million parameters", "Jolt Atlas", "proof 14 s, 17 times faster than EZKL", "arXiv 2602.17452"),
    ("VGG-16, 32x32", "zkCNN", "proof 88.3 s, 341 kB, verify 59.3 ms", "CCS 2021, doi 10.1145/3460120.3485379"),
    ("ResNet-101, CIFAR-10", "Mystique (interactive)", "private model 28 min, public model 5 min", "eprint 2021/730"),
    ("GPT-2, 125 million parameters", "Jolt Atlas", "proof 38 s", "arXiv 2602.17452"),
    ("GPT-2 scale", "NanoZK", "proof 43 s, 6.9 kB, verify 23 ms; 52 times faster than EZKL", "arXiv 2603.18046"),
    ("GPT-2, 1024 tokens", "DeepProve", "0.5 tokens a second", "lagrange.dev, engineering update of August 2025"),
]

COLUMNS = [("prove", "s", "prove"), ("verify", "s", "verify"), ("peak_bytes", "B", "peak memory"), ("proof_bytes", "B", "proof")]


def find(folders, name):
    """The folder of a model, or none."""
    return next((folder / name for folder in folders if (folder / name / "model.onnx").exists()), None)


def inputs_of(folder, tokens, work):
    """The file of inputs; for a sequence, with its tokens repeated up to the length."""
    path = next(folder / name for name in ("input.npy", "input.json") if (folder / name).exists())
    if tokens is None:
        return path.resolve()
    given = json.loads(path.read_text())
    stretched = {name: [(row * tokens)[:tokens] for row in rows] for name, rows in given.items()}
    path = work / f"input_{tokens}.json"
    path.write_text(json.dumps(stretched))
    return path


def measure(binary, folder, tokens, options, repeat):
    """Medians over several proofs, each of which is verified twice; the largest of each, too."""
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        keys, inputs = work / "keys", inputs_of(folder, tokens, work)
        samples = sorted(folder.glob("sample_*.npy")) or [inputs]
        options = [*options, *(["--limit", f"sequence={max(tokens, 64)}", "--typical", f"sequence={tokens}"] if tokens else [])]
        calibration = [part for sample in samples for part in ("--calibrate", sample.resolve())]
        vouch(binary, "setup", folder.resolve() / "model.onnx", *calibration, *options, "-o", keys)
        runs = {key: [] for key, *_ in COLUMNS}
        for _ in range(repeat):
            proved = vouch(binary, "prove", keys / "model.pk", inputs, "-o", work / "proof")
            runs["prove"].append(proved["seconds"]["prove"])
            runs["peak_bytes"].append(proved["peak_bytes"])
            for _ in range(2):
                verified = vouch(binary, "verify", keys / "model.vk", work / "proof", "--trusted", work / "trusted")
                runs["verify"].append(verified["seconds"]["verify"])
            runs["proof_bytes"].append(verified["proof_bytes"])
        # The first verification also checks the key, which is done once per key.
        runs["verify"] = runs["verify"][1:]
        return {key: {"median": statistics.median(values), "most": max(values), "least": min(values)} for key, values in runs.items()}


def cell(found, key, unit, targets):
    """A median, the range that it is from, and the target if there is one."""
    text = f"{human(found[key]['median'], unit)} ({human(found[key]['least'], unit)} to {human(found[key]['most'], unit)})"
    return f"{text}; target {human(targets[key], unit)}" if key in targets else text


def tables(about, results):
    lines = [f"Machine: {', '.join(f'{key} {value}' for key, value in about.items() if key != 'ezkl')}", ""]
    lines += ["| model | " + " | ".join(title for *_, title in COLUMNS) + " |", "| --- " * (len(COLUMNS) + 1) + "|"]
    for name, _, _, _, targets in CASES:
        if name in results:
            cells = [cell(results[name], key, unit, targets) for key, unit, _ in COLUMNS]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "Published by others, on machines of their own:", "", "| model | system | figures | source |", "| --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in PUBLISHED]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", nargs="*", help="names of folders of models; all that are found if absent")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results")
    parser.add_argument("--repeat", type=int, default=5, help="proofs of each model; one where a proof takes more than a minute")
    parser.add_argument("--binary", type=Path, help="a release build of the program; built if absent")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    binary = arguments.binary or ROOT / "target" / "release" / "vouch"
    if not arguments.binary:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    about, results = machine(), {}
    for name, folder, tokens, options, targets in CASES:
        path = find(arguments.folders, folder)
        if path is None or (arguments.only and folder not in arguments.only):
            print(f"{name}: left out", flush=True)
            continue
        repeat = 1 if targets.get("prove", 0) > 60 else arguments.repeat
        results[name] = measure(binary.resolve(), path, tokens, options, repeat)
        print(name, results[name], flush=True)
        (arguments.output / "targets.json").write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    (arguments.output / "targets.md").write_text(tables(about, results))
    print(tables(about, results))


if __name__ == "__main__":
    main()
