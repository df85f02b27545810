#!/usr/bin/env python3
"""Runs the same models through EZKL and Vouch on this machine, one after the other, and prints a table.

    pip install -r bench/requirements.txt
    python bench/compare.py MODELS_DIR [NAME ...] [--output bench/results]

MODELS_DIR holds a folder for each model with `model.onnx` and `input.json` (`{"input_data": [[..], ..]}`), and optionally
`expected.json` with the float outputs. Every step is a process of its own, so that its peak memory is its own; the steps of
EZKL are those of its documentation, and its structured reference string is generated here (it has no secret, which is good
enough to measure with). Writes `compare.md`, `compare.json` and `compare.png`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EZKL_STEPS = {
    "setup": """
import ezkl, asyncio, inspect
def call(value):
    return asyncio.get_event_loop().run_until_complete(value) if inspect.isawaitable(value) else value
args = ezkl.PyRunArgs()
args.input_visibility, args.output_visibility, args.param_visibility = "private", "public", "fixed"
loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop)
async def main():
    async def step(value):
        return await value if inspect.isawaitable(value) else value
    assert await step(ezkl.gen_settings("model.onnx", "settings.json", py_run_args=args))
    assert await step(ezkl.calibrate_settings("input.json", "model.onnx", "settings.json", "resources"))
    assert await step(ezkl.compile_circuit("model.onnx", "model.compiled", "settings.json"))
    import json
    logrows = json.load(open("settings.json"))["run_args"]["logrows"]
    await step(ezkl.gen_srs("kzg.srs", logrows))
    assert await step(ezkl.setup("model.compiled", "vk.key", "pk.key", "kzg.srs"))
loop.run_until_complete(main())
""",
    "prove": """
import ezkl, asyncio, inspect
async def step(value):
    return await value if inspect.isawaitable(value) else value
async def main():
    await step(ezkl.gen_witness("input.json", "model.compiled", "witness.json"))
    assert await step(ezkl.prove("witness.json", "model.compiled", "pk.key", "proof.json", "kzg.srs"))
asyncio.run(main())
""",
    "verify": """
import ezkl, asyncio, inspect
async def step(value):
    return await value if inspect.isawaitable(value) else value
async def main():
    assert await step(ezkl.verify("proof.json", "settings.json", "vk.key", "kzg.srs"))
asyncio.run(main())
""",
}


def run(command, cwd, limit):
    """Runs a process; seconds and peak bytes of it and its children, or the reason that it failed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"error": f"more than {limit} s"}
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        return {"error": (err.strip() or out.strip()).splitlines()[-1][:200] if err.strip() or out.strip() else "failed"}
    return {"seconds": seconds, "stdout": out}


def measured(code, cwd, limit):
    """Runs Python code in a process that reports its own peak memory and the time from after its imports."""
    wrapped = (
        "import resource, time, ezkl\nstart = time.perf_counter()\n"
        + code
        + "\nprint('MEASURED', time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n"
    )
    found = run([sys.executable, "-c", wrapped], cwd, limit)
    if "error" in found:
        return found
    line = [line for line in found["stdout"].splitlines() if line.startswith("MEASURED")][-1].split()
    return {"seconds": float(line[1]), "peak_bytes": int(line[2])}


def size(path):
    return path.stat().st_size if path.exists() else None


def flatten(value):
    return [x for part in value for x in flatten(part)] if isinstance(value, list) else [float(value)]


def distance(outputs, expected):
    """The largest distance from the float outputs, over all outputs."""
    if not expected or not outputs:
        return None
    found = [abs(a - b) for mine, its in zip(outputs, expected) for a, b in zip(mine, its)]
    return max(found) if found else None


def float_outputs(folder):
    path = folder / "expected.json"
    if not path.exists():
        return None
    return {name: flatten(one["data"]) for name, one in json.loads(path.read_text())["outputs"].items()}


def ezkl(folder, limit):
    result = {}
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for name in ("model.onnx", "input.json"):
            (work / name).write_bytes((folder / name).read_bytes())
        peak = 0
        for step, code in EZKL_STEPS.items():
            found = measured(code, work, limit)
            if "error" in found:
                return {"error": f"{step}: {found['error']}"}
            result[step] = found["seconds"]
            if step != "verify":
                peak = max(peak, found["peak_bytes"])
        result["peak_bytes"] = peak
        result["proof_bytes"] = len(bytes(json.loads((work / "proof.json").read_text())["proof"]))
        result["proving_key_bytes"] = size(work / "pk.key")
        result["verifying_key_bytes"] = size(work / "vk.key")
        outputs = json.loads((work / "witness.json").read_text())["pretty_elements"]["rescaled_outputs"]
        expected = float_outputs(folder)
        result["max_error"] = distance([flatten([float(x) for x in one]) for one in outputs], list(expected.values()) if expected else None)
    return result


def vouch(folder, binary, limit):
    result = {}
    with tempfile.TemporaryDirectory() as work:
        keys = Path(work) / "keys"
        steps = {
            "setup": ["setup", folder / "model.onnx", "--calibrate", folder / "input.json", "-o", keys],
            "prove": ["prove", keys / "model.pk", folder / "input.json", "-o", Path(work) / "proof"],
            "verify": ["verify", keys / "model.vk", Path(work) / "proof", "--trusted", Path(work) / "trusted"],
        }
        peak, report = 0, {}
        # The first verification also checks the key, which is done once per key.
        for step in ["setup", "prove", "verify", "verify"]:
            found = run([binary, "--json", *map(str, steps[step])], work, limit)
            if "error" in found:
                return {"error": f"{step}: {found['error']}"}
            report = json.loads(found["stdout"])
            result[step] = found["seconds"] if step == "setup" else report["seconds"][step]
            if step != "verify":
                peak = max(peak, report.get("peak_bytes") or 0)
        result["peak_bytes"] = peak
        result["proof_bytes"] = report["proof_bytes"]
        result["proving_key_bytes"] = size(keys / "model.pk")
        result["verifying_key_bytes"] = size(keys / "model.vk")
        expected = float_outputs(folder)
        if expected:
            names = [name for name in expected if name in report["outputs"]]
            result["max_error"] = distance([flatten(report["outputs"][name]) for name in names], [expected[name] for name in names])
        result["security_bits"] = report["security_bits"]
    return result


def human(value, unit):
    if value is None:
        return "-"
    if unit == "s":
        return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"
    if unit == "B":
        for factor, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value >= factor:
                return f"{value / factor:.1f} {name}"
        return f"{value} B"
    return f"{value:.1e}"


COLUMNS = [
    ("setup", "s", "set-up"),
    ("prove", "s", "prove"),
    ("verify", "s", "verify"),
    ("peak_bytes", "B", "peak memory"),
    ("proof_bytes", "B", "proof"),
    ("proving_key_bytes", "B", "proving key"),
    ("verifying_key_bytes", "B", "verifying key"),
    ("max_error", "", "output error"),
]


def table(results):
    lines = ["| model | system | " + " | ".join(title for *_, title in COLUMNS) + " |", "| --- " * (len(COLUMNS) + 2) + "|"]
    for name, systems in results.items():
        for system, found in systems.items():
            cells = [found["error"]] + [""] * (len(COLUMNS) - 1) if "error" in found else [human(found.get(key), unit) for key, unit, _ in COLUMNS]
            lines.append(f"| {name} | {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine():
    model = "unknown processor"
    try:
        for line in open("/proc/cpuinfo", encoding="utf-8"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    try:
        from importlib.metadata import version

        other = version("ezkl")
    except Exception:
        other = "not installed"
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(), "vouch": commit, "ezkl": other}


def plot(results, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = [name for name, both in results.items() if all("error" not in found for found in both.values())]
    if not names:
        return
    figure, axes = plt.subplots(1, 3, figsize=(15, 0.4 * len(names) + 2), sharey=True)
    for axis, (key, title) in zip(axes, [("prove", "prove (s)"), ("verify", "verify (s)"), ("peak_bytes", "peak memory (bytes)")]):
        for shift, system in ((-0.2, "ezkl"), (0.2, "vouch")):
            axis.barh([at + shift for at in range(len(names))], [results[name][system][key] for name in names], 0.38, label=system)
        axis.set_xscale("log")
        axis.set_title(title)
        axis.set_yticks(range(len(names)), names)
        axis.invert_yaxis()
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results")
    parser.add_argument("--limit", type=float, default=900, help="seconds for each step")
    parser.add_argument("--vouch-only", action="store_true")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    binary = ROOT / "target" / "release" / "vouch"
    names = arguments.names or sorted(path.name for path in arguments.models.iterdir() if (path / "model.onnx").exists())
    results = {}
    arguments.output.mkdir(parents=True, exist_ok=True)
    about = machine()
    for name in names:
        folder = (arguments.models / name).resolve()
        results[name] = {} if arguments.vouch_only else {"ezkl": ezkl(folder, arguments.limit)}
        results[name]["vouch"] = vouch(folder, binary, arguments.limit)
        print(table({name: results[name]}).splitlines()[-2:], flush=True)
        (arguments.output / "compare.json").write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    text = ", ".join(f"{key} {value}" for key, value in about.items())
    markdown = f"Machine: {text}\n\n{table(results)}\n"
    (arguments.output / "compare.md").write_text(markdown)
    print(markdown)
    if not arguments.vouch_only:
        plot(results, arguments.output / "compare.png")


if __name__ == "__main__":
    main()
