"""Exports GPT-2 as ONNX, with open batch and sequence, and writes inputs beside it.

    python export.py -o gpt2                                # 124M parameters, random and seeded
    python export.py -o gpt2 --pretrained gpt2              # the real ones, from the hub or from a folder
    python export.py -o tiny --layers 2 --width 64 --heads 4 --vocabulary 300 --positions 128
    python export.py -o next --argmax                       # also the next token at every position

Nothing in the file is edited afterwards. Needs torch 2.9 or later, transformers 5 and onnxscript.
"""

import argparse
import json
from pathlib import Path

import numpy
import torch
from transformers import GPT2Config, GPT2LMHeadModel


class Logits(torch.nn.Module):
    """The model as a function of token numbers and mask; caches are for generation, not for proofs."""

    def __init__(self, model, argmax):
        super().__init__()
        self.model = model
        self.argmax = argmax

    def forward(self, input_ids, attention_mask):
        found = self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
        if self.argmax:
            return found.logits, found.logits.argmax(dim=-1)
        return found.logits


def load(arguments):
    if arguments.pretrained:
        return GPT2LMHeadModel.from_pretrained(arguments.pretrained)
    torch.manual_seed(arguments.seed)
    config = GPT2Config(
        n_layer=arguments.layers,
        n_embd=arguments.width,
        n_head=arguments.heads,
        vocab_size=arguments.vocabulary,
        n_positions=arguments.positions,
        bos_token_id=arguments.vocabulary - 1,
        eos_token_id=arguments.vocabulary - 1,
    )
    return GPT2LMHeadModel(config)


def export(model, arguments, path):
    """The exporter that torch has by default since 2.9, or the older one, which follows one run."""
    ids = torch.zeros((2, 7), dtype=torch.int64)
    names = ["input_ids", "attention_mask"]
    outputs = ["logits", "next_token"] if arguments.argmax else ["logits"]
    options = {"input_names": names, "output_names": outputs}
    options["dynamo"] = not arguments.traced
    if arguments.traced:
        axes = {0: "batch", 1: "sequence"}
        options["dynamic_axes"] = {name: axes for name in [*names, *outputs]}
    else:
        positions = model.model.config.n_positions
        axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=positions)}
        options["dynamic_shapes"] = {name: axes for name in names}
        options["external_data"] = False
    torch.onnx.export(model, (ids, torch.ones_like(ids)), path, **options)


def save_inputs(model, arguments, folder):
    """Tokens for calibration, and one row of them for a proof."""
    random = numpy.random.default_rng(arguments.seed)
    config = model.model.config

    def draw(batch, length):
        ids = random.integers(0, config.vocab_size, (batch, length))
        return {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}

    length = min(arguments.tokens, config.n_positions)
    numpy.savez(folder / "calibration.npz", **draw(2, length))
    sample = draw(1, length)
    (folder / "input.json").write_text(
        json.dumps({name: array.tolist() for name, array in sample.items()})
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder")
    parser.add_argument("--pretrained", help="name or folder of weights for from_pretrained")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocabulary", type=int, default=50257)
    parser.add_argument("--positions", type=int, default=1024)
    parser.add_argument("--tokens", type=int, default=32, help="length of the inputs that are written")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--argmax", action="store_true", help="a second output: the next tokens")
    parser.add_argument("--traced", action="store_true", help="by the older exporter, TorchScript")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    model = Logits(load(arguments).eval(), arguments.argmax).eval()
    export(model, arguments, arguments.output / "model.onnx")
    save_inputs(model, arguments, arguments.output)


if __name__ == "__main__":
    main()
