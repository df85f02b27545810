#!/usr/bin/env python3
"""Writes image classifiers as ONNX, with inputs for calibration and for proofs.

The architectures are torchvision's. Weights are drawn with a fixed seed unless `--weights` names a file; batch
normalisation then gets its statistics from a few batches of made-up images, so that activations lie where those of a
trained network do. Usage:

    pip install torch==2.15.0 torchvision==0.29.2 onnx==1.23.2 onnxscript==0.7.2
    python export.py vgg16 resnet18 resnet50 mobilenet_v2 vit_tiny -o models
    python export.py resnet50 --weights resnet50-0676ba61.pth -o models

writes, for each, `models/NAME/model.onnx`, `sample_0.npy` to `sample_7.npy` for calibration, and `input.npy`.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import interpolate
from torchvision import models

SEED = 7
SAMPLES = 8


def vgg16():
    """VGG-16 for 32x32: the thirteen convolutions as published, then 512-512-10."""
    network = models.vgg16_bn(num_classes=10)
    network.avgpool = nn.Identity()
    network.classifier = nn.Sequential(
        nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )
    return network


def resnet18():
    """ResNet-18 for 32x32: a first convolution of 3x3 without stride, and no pooling behind it."""
    network = models.resnet18(num_classes=10)
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network


def vit_tiny():
    """ViT-Ti/16: twelve layers of width 192 with three heads."""
    network = models.VisionTransformer(
        image_size=224, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768
    )
    # Torchvision starts the head at zero, which would make every logit the same.
    nn.init.trunc_normal_(network.heads.head.weight, std=0.02)
    return network


def small():
    """Every operator of the networks above in a few thousand parameters."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.Hardswish(),
        models.mobilenetv2.InvertedResidual(8, 8, stride=1, expand_ratio=2),
        models.resnet.BasicBlock(8, 8),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


# How a network is made, and the size of its images.
NETWORKS = {
    "vgg16": (vgg16, 32),
    "resnet18": (resnet18, 32),
    "resnet50": (models.resnet50, 224),
    "mobilenet_v2": (models.mobilenet_v2, 224),
    "vit_tiny": (vit_tiny, 224),
    "small": (small, 16),
}


def images(count, size, generator):
    """Made-up images with structure at several scales, normalised as photographs are: mean 0, deviation 1."""
    image = torch.zeros(count, 3, size, size)
    scale = 4
    while scale <= size:
        noise = torch.randn(count, 3, scale, scale, generator=generator)
        image += interpolate(noise, size=(size, size), mode="bilinear") / scale**0.5
        scale *= 2
    mean = image.mean(dim=(2, 3), keepdim=True)
    return ((image - mean) / image.std(dim=(2, 3), keepdim=True)).clamp(-2.6, 2.6)


def settle(network, size, generator):
    """Gives batch normalisation the statistics of some images, layer by layer."""
    normalisations = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in normalisations:
        # A plain average over the batches instead of an exponential one.
        layer.momentum = None
        nn.init.uniform_(layer.weight, 0.5, 1.0, generator=generator)
        nn.init.uniform_(layer.bias, -0.3, 0.3, generator=generator)
    if normalisations:
        network.train()
        with torch.no_grad():
            for _ in range(3):
                network(images(8, size, generator))


def export(name, weights, folder):
    make, size = NETWORKS[name]
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    network = make()
    if weights:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    else:
        settle(network, size, generator)
    network.eval()
    folder = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    inputs = images(SAMPLES + 1, size, generator)
    torch.onnx.export(
        network,
        (inputs[:1],),
        folder / "model.onnx",
        input_names=["image"],
        output_names=["logits"],
        external_data=False,
        dynamo=True,
    )
    files = [*(f"sample_{at}.npy" for at in range(SAMPLES)), "input.npy"]
    for file, image in zip(files, inputs):
        np.save(folder / file, image[None].numpy())
    print(f"{folder}: {sum(p.numel() for p in network.parameters())} parameters")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("networks", nargs="+", choices=NETWORKS, metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--weights", help="a state dictionary of the one network that is named")
    parser.add_argument("-o", "--output", type=Path, default=Path("models"), help="where to write")
    arguments = parser.parse_args()
    if arguments.weights and len(arguments.networks) > 1:
        parser.error("--weights goes with one network")
    for name in arguments.networks:
        export(name, arguments.weights, arguments.output)


if __name__ == "__main__":
    main()
