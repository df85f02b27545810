"""Exports the tiny language models beside this file, with random weights, as their users would export large ones.

    python export.py

Needs torch 2.9 or later, transformers 5, onnxscript. What is left out afterwards is not the graph: stack traces that
the exporter attaches to every node, ten times as large as all else.
"""

from pathlib import Path

import onnx
import torch
from transformers import (
    BertConfig, BertModel, GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM,
    MobileBertConfig, MobileBertModel, RobertaConfig, RobertaModel,
)

SIZES = {"vocab_size": 50, "max_position_embeddings": 40, "hidden_size": 16, "intermediate_size": 24,
         "num_hidden_layers": 1, "num_attention_heads": 4}


def gpt2():
    config = GPT2Config(n_layer=1, n_embd=16, n_head=2, vocab_size=50, n_positions=40, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(config)


def bert():
    return BertModel(BertConfig(**SIZES), add_pooling_layer=False)


def llama():
    return LlamaForCausalLM(LlamaConfig(**SIZES, num_key_value_heads=2, bos_token_id=0, eos_token_id=0))


def roberta():
    """Positions are counted from the padding token on, by a cumulative sum."""
    sizes = SIZES | {"max_position_embeddings": 42, "pad_token_id": 1}
    return RobertaModel(RobertaConfig(**sizes), add_pooling_layer=False)


def classifier():
    """The score of a sequence is that of its last token but for padding: at an index that is computed."""
    config = GPT2Config(n_layer=1, n_embd=16, n_head=2, vocab_size=50, n_positions=40, pad_token_id=0, num_labels=3)
    return GPT2ForSequenceClassification(config)


def mobilebert():
    """Each token sees the embeddings of its neighbours, which are slices that are padded."""
    sizes = SIZES | {"embedding_size": 8, "intra_bottleneck_size": 8}
    return MobileBertModel(MobileBertConfig(**sizes), add_pooling_layer=False)


class Function(torch.nn.Module):
    """A model as a function of token numbers and mask."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        cache = {} if isinstance(self.model, BertModel | MobileBertModel | RobertaModel) else {"use_cache": False}
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **cache)[0]


def export(model, path, traced=False):
    """Writes a model by torch's exporter, or by the older one, which follows one run."""
    names = ["input_ids", "attention_mask"]
    ids = torch.zeros((2, 7), dtype=torch.int64)
    options = {"input_names": names, "output_names": ["output"], "dynamo": not traced}
    if traced:
        options["dynamic_axes"] = {name: {0: "batch", 1: "sequence"} for name in names}
    else:
        axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence", max=40)}
        options["dynamic_shapes"] = {name: axes for name in names}
        options["external_data"] = False
    torch.onnx.export(model, (ids, torch.ones_like(ids)), path, **options)


def strip(path):
    model = onnx.load(path)
    for part in [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input,
                 *model.graph.output, *model.graph.initializer]:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
    del model.graph.value_info[:]
    onnx.save(model, path)


def main():
    newer = [(make, False) for make in [gpt2, bert, llama, roberta, classifier]]
    for make, traced in [*newer, *[(make, True) for make in [gpt2, llama, roberta, mobilebert]]]:
        torch.manual_seed(0)
        model = Function(make().eval()).eval()
        path = Path(__file__).parent / f"{make.__name__}{'_traced' if traced else ''}.onnx"
        export(model, path, traced)
        strip(path)


if __name__ == "__main__":
    main()
