"""Writes the cases of folder `runtime`: what ONNX Runtime says where tract reads a node in another way.

    python runtime.py

Needs `onnx`, `onnxruntime` and `numpy`.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent / "runtime"
random = np.random.default_rng(7)
node = helper.make_node


def reals(*shape):
    """Numbers of either sign."""
    return (random.normal(size=shape) * 1.5).astype(np.float32)


def tensor(value):
    """A tensor for case.json."""
    value = np.asarray(value)
    numbers = value.astype(np.float64) if value.dtype.kind == "f" else value
    return {"shape": list(value.shape), "dtype": str(value.dtype), "data": numbers.reshape(-1).tolist()}


def info(name, value):
    """An input."""
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def save(name, nodes, inputs, constants=None, opset=18):
    """Writes a case; its output is `y`."""
    constants = [numpy_helper.from_array(np.asarray(value), key) for key, value in (constants or {}).items()]
    inputs_info = [info(key, value) for key, value in inputs.items()]
    graph = helper.make_graph(nodes, name, inputs_info, [helper.make_empty_tensor_value_info("y")], constants)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    data = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    (output,) = onnxruntime.InferenceSession(data).run(None, inputs)
    record = {
        "name": name,
        "operators": sorted({node.op_type for node in nodes}),
        "inputs": {key: tensor(value) for key, value in inputs.items()},
        "outputs": {"y": tensor(output)},
    }
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(data)
    (folder / "case.json").write_text(json.dumps(record))


def activations():
    """Factors, and norms."""
    for alpha in (0.3, 2.0):
        save(f"celu_{alpha}", [node("Celu", ["x"], ["y"], alpha=alpha)], {"x": reals(3, 4)})
        save(f"swish_{alpha}", [node("Swish", ["x"], ["y"], alpha=alpha)], {"x": reals(3, 4)}, opset=24)
    for p in (1, 2, 3):
        save(f"global_lp_pool_{p}", [node("GlobalLpPool", ["x"], ["y"], p=p)], {"x": reals(1, 2, 3, 3)})
    rows = np.array([[-3, 1, 2], [1, 5, -9], [0.5, 1, 0]], np.float32)
    for norm in ("MAX", "L1", "L2"):
        save(f"normalizer_{norm}", [node("Normalizer", ["x"], ["y"], norm=norm, domain="ai.onnx.ml")], {"x": rows})


def einsums():
    """Results without axes, and without a list of axes."""
    sum_of = {"ij->": [(3, 4)], "ii->": [(3, 3)], "ij,ij->": [(3, 4)] * 2, "...ij,...jk": [(2, 3, 4), (2, 4, 2)], "ba": [(2, 3)]}
    for at, (equation, shapes) in enumerate(sum_of.items()):
        inputs = {key: reals(*shape) for key, shape in zip("ab", shapes)}
        save(f"einsum_{at}", [node("Einsum", list(inputs), ["y"], equation=equation)], inputs)


def images():
    """Coordinates of resized images."""
    for mode in ("nearest", "linear", "cubic"):
        for scale in (0.5, 1.5, 2.5):
            how = node("Resize", ["x", "", "s"], ["y"], mode=mode, coordinate_transformation_mode="align_corners")
            save(f"resize_corners_{mode}_{scale}", [how], {"x": reals(1, 1, 3, 5)}, {"s": np.float32([1, 1, 1.4, scale])})
    for scale in (0.6, 1.5, 2.5):
        how = node("Resize", ["x", "s"], ["y"], mode="nearest")
        save(f"resize_10_{scale}", [how], {"x": reals(1, 1, 4, 5)}, {"s": np.float32([1, 1, 1, scale])}, opset=10)
    how = node("Resize", ["x", "", "", "s"], ["y"], mode="cubic", coordinate_transformation_mode="pytorch_half_pixel")
    save("resize_to_one", [how], {"x": reals(1, 1, 4, 5)}, {"s": np.int64([1, 1, 1, 7])})


def integers():
    """Arithmetic of integers that were reals, and of those with sizes."""
    x = np.float32([-7.5, -6, -3.2, -1, 0, 1.4, 2, 5.9, 7])
    other = np.int64([2, -3, 2, 3, -2, -3, 3, 2, -4])
    cast = node("Cast", ["x"], ["i"], to=TensorProto.INT64)
    for operator in ("Mod", "Div", "BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        save(f"cast_{operator}", [cast, node(operator, ["i", "d"], ["y"])], {"x": x}, {"d": other})
    sizes = [node("Shape", ["x"], ["s"]), node("Div", ["i", "s"], ["y"])]
    save("cast_Div_by_size", [cast, *sizes], {"x": 3 * x})


def elements():
    """Fixed indices, and what is padded with."""
    for at, (shape, indices, batch) in enumerate([
        ((3, 4, 5), [[-1, -2]], 0),
        ((3, 4, 5), [[0, -1, 2], [-3, 1, -5]], 0),
        ((3, 4, 5), [[1], [-1], [0]], 1),
        ((1, 4, 5), [[2]], 1),
    ]):
        how = node("GatherND", ["x", "i"], ["y"], batch_dims=batch)
        save(f"gather_{at}", [how], {"x": reals(*shape)}, {"i": np.int64(indices)})
    for mode in ("reflect", "edge"):
        constants = {"p": np.int64([1, 2, 1, 0]), "v": np.float32(0.7)}
        save(f"pad_{mode}", [node("Pad", ["x", "p", "v"], ["y"], mode=mode)], {"x": reals(3, 4)}, constants)
    window = {"kernel_shape": [3, 3], "strides": [2, 2]}
    how = node("MaxPool", ["x"], ["y"], auto_pad="SAME_UPPER", pads=[1, 1, 0, 0], **window)
    save("pool_pads", [how], {"x": reals(1, 1, 6, 8)})


def levels():
    """A type of levels without a zero."""
    for kind in (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16):
        there = node("QuantizeLinear", ["x", "s"], ["q"], output_dtype=kind)
        back = node("DequantizeLinear", ["q", "s"], ["y"])
        save(f"levels_{kind}", [there, back], {"x": 40 * reals(3, 4)}, {"s": np.float32(0.5)}, opset=21)


def pools():
    """Windows that reach beyond the padding, as their number is rounded up."""
    for at, (size, kernel, stride, pads, dilation) in enumerate([
        ((6, 7), 3, 2, [0, 0, 0, 0], 1),
        ((6, 7), 3, 2, [1, 1, 1, 1], 1),
        ((5, 8), 3, 3, [0, 1, 1, 0], 1),
        ((6, 7), 2, 3, [1, 0, 0, 1], 2),
        # The last window would begin behind the image.
        ((4, 5), 2, 3, [1, 1, 1, 1], 1),
    ]):
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": pads, "dilations": [dilation] * 2}
        # No number is above zero, so that padding would be the largest.
        x = {"x": -1 - np.abs(reals(1, 2, *size))}
        save(f"pool_max_up_{at}", [node("MaxPool", ["x"], ["y"], ceil_mode=1, **window)], x, opset=19)
        for padding in (0, 1):
            how = node("AveragePool", ["x"], ["y"], ceil_mode=1, count_include_pad=padding, **window)
            save(f"pool_mean_up_{at}_{padding}", [how], x, opset=19)


def fills():
    """What fills a tensor by default."""
    fill = node("ConstantOfShape", ["s"], ["f"])
    save("fill", [fill, node("MatMul", ["x", "f"], ["y"])], {"x": reals(2, 3)}, {"s": np.int64([3, 4])})


def machines():
    """Support vector machines, one node of scikit-learn's exports each."""
    counts, columns = [2, 3, 1], 4
    kernels = {"LINEAR": [0, 0, 0], "POLY": [0.5, 0.25, 3], "RBF": [0.3, 0, 0], "SIGMOID": [0.2, -0.1, 0]}
    for name, numbers in kernels.items():
        for classes in (2, 3):
            total, pairs = sum(counts[:classes]), classes * (classes - 1) // 2
            common = {
                "kernel_type": name, "kernel_params": [float(number) for number in numbers], "domain": "ai.onnx.ml",
                "support_vectors": reals(total, columns).ravel().tolist(),
            }
            for at, output in enumerate(("class", "scores")):
                how = node(
                    "SVMClassifier", ["x"], ["y", "z"] if at == 0 else ["z", "y"], classlabels_ints=[7, 3, 5][:classes],
                    vectors_per_class=counts[:classes], coefficients=reals(classes - 1, total).ravel().tolist(),
                    rho=reals(pairs).tolist(), **common,
                )
                save(f"machine_{name}_{classes}_{output}", [how], {"x": reals(6, columns)})
        for one_class in (0, 1):
            how = node(
                "SVMRegressor", ["x"], ["y"], n_supports=total, coefficients=reals(total).tolist(), rho=[0.25],
                one_class=one_class, **common,
            )
            save(f"machine_{name}_{one_class}", [how], {"x": reals(6, columns)})


def columns():
    """Thresholds, and a column for each category."""
    how = node("Binarizer", ["x"], ["y"], threshold=0.25, domain="ai.onnx.ml")
    save("binarizer", [how], {"x": np.float32([[0.25, 0.2501, -1], [3, 0, 0.2499]])})
    x = {"x": np.int64([[3, -2], [9, 5], [5, 3]])}
    save("one_hot_integers", [node("OneHotEncoder", ["x"], ["y"], cats_int64s=[3, 5, -2], domain="ai.onnx.ml")], x)
    how = node("OneHotEncoder", ["x"], ["y"], cats_int64s=[4, 0, 2], domain="ai.onnx.ml")
    save("one_hot_reals", [how], {"x": np.float32([2, 4, 0, 1])})


def loops():
    """A state that goes through the parts of a tensor, forwards and backwards, along either axis."""
    real = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    body = lambda size: helper.make_graph(
        [
            node("Mul", ["before", "half"], ["kept"]),
            node("Add", ["kept", "part"], ["after"]),
            node("Tanh", ["after"], ["shown"]),
        ],
        "body", [real("before", [size]), real("part", [size])], [real("after", [size]), real("shown", [size])],
        [numpy_helper.from_array(np.float32([0.5]), "half")],
    )
    for axis in (0, 1):
        for backwards in (0, 1):
            for at, outputs in enumerate((["y", "z"], ["z", "y"])):
                size = (4, 3)[1 - axis]
                how = node(
                    "Scan", ["s", "x"], outputs, body=body(size), num_scan_inputs=1, scan_input_axes=[axis],
                    scan_input_directions=[backwards], scan_output_axes=[axis], scan_output_directions=[1 - backwards],
                )
                save(f"scan_{axis}_{backwards}_{at}", [how], {"s": reals(size), "x": reals(4, 3)})


def truths():
    """Truth values that are compared."""
    for at, shape in enumerate([(3, 4), (4,)]):
        signs = [node("Greater", [name, "t"], [f"{name}t"]) for name in "ab"]
        inputs = {"a": reals(3, 4), "b": reals(*shape)}
        save(f"equal_truths_{at}", [*signs, node("Equal", ["at", "bt"], ["y"])], inputs, {"t": np.float32(0.2)})


def masks():
    """Numbers too large for a program, before a softmax."""
    for large in (-9e15, -1e12, -1e30, float(np.finfo(np.float32).min)):
        inputs = {"x": reals(4, 5), "m": reals(4, 5)}
        inputs["m"][:, 1] = 1
        ends = [node("Greater", ["m", "z"], ["c"]), node("Softmax", ["s"], ["y"])]
        constants = {"z": np.float32(0), "o": np.float32(1), "f": np.full((4, 5), large, np.float32)}
        chosen = [node("Where", ["c", "x", "f"], ["s"])]
        save(f"mask_{large:.0e}", [ends[0], *chosen, ends[1]], inputs, {key: constants[key] for key in "zf"})
        added = [node("Cast", ["c"], ["t"], to=TensorProto.FLOAT), node("Sub", ["o", "t"], ["n"])]
        added += [node("Mul", ["n", "f"], ["a"]), node("Add", ["x", "a"], ["s"])]
        save(f"mask_added_{large:.0e}", [ends[0], *added, ends[1]], inputs, constants | {"f": np.float32(large)})


def wraps():
    """Axes that go on at their other end, some more than once."""
    for at, (pads, axes) in enumerate([([1, 2, 0, 3], [0, 1]), ([4, 0, 7, 0], [0, 1]), ([1, 2], [-1])]):
        constants = {"p": np.int64(pads), "a": np.int64(axes)}
        save(f"pad_wrap_{at}", [node("Pad", ["x", "p", "", "a"], ["y"], mode="wrap")], {"x": reals(3, 4)}, constants, opset=19)


def folds():
    """Blocks that overlap, with gaps, and beside each other."""
    for at, (image, block, count, how) in enumerate([
        ((5, 4), (2, 3), 4 * 2, {}), ((6, 4), (2, 2), 3 * 2, {"strides": [2, 2]}),
        ((5, 5), (2, 2), 5 * 3, {"dilations": [2, 1], "strides": [1, 2], "pads": [1, 0, 1, 1]}),
        ((7,), (3,), 4, {"strides": [2], "pads": [1, 1]}),
    ]):
        inputs = {"x": reals(2, 3 * int(np.prod(block)), count)}
        save(f"fold_{at}", [node("Col2Im", ["x", "i", "b"], ["y"], **how)], inputs, {"i": np.int64(image), "b": np.int64(block)})


def grids():
    """Places of an image, which the model holds or computes."""
    grid = np.tanh(reals(2, 3, 4, 2)) * np.float32(1.3)
    for mode in ("linear", "nearest", "cubic"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (0, 1):
                how = [node("GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=padding, align_corners=corners)]
                name = f"grid_{mode}_{padding}_{corners}"
                save(f"{name}_computed", how, {"x": reals(2, 3, 5, 4), "g": grid}, opset=20)
                save(f"{name}_held", how, {"x": reals(1, 3, 5, 4)}, {"g": grid[:1]}, opset=20)
    volume = {"x": reals(1, 2, 3, 4, 2), "g": reals(1, 2, 2, 3, 3) * np.float32(0.5)}
    save("grid_volume", [node("GridSample", ["x", "g"], ["y"])], volume, opset=20)


def places():
    """Where maxima lie, and what they are put back to."""
    for at, (size, kernel, how) in enumerate([
        ((4, 6), [2, 2], {"strides": [2, 2]}), ((5, 6), [3, 2], {"strides": [2, 1], "pads": [1, 0, 1, 1]}),
        ((5, 6), [2, 2], {"strides": [2, 2], "ceil_mode": 1}), ((5, 6), [2, 2], {"dilations": [2, 3]}),
        ((4, 5), [2, 2], {"storage_order": 1}), ((7,), [3], {"strides": [3]}),
    ]):
        pool = node("MaxPool", ["x"], ["z", "y"], kernel_shape=kernel, **how)
        save(f"places_{at}", [pool], {"x": reals(2, 3, *size)})
    for kernel in (1, 2):
        there = node("MaxPool", ["x"], ["z", "p"], kernel_shape=[kernel] * 2, strides=[2, 2])
        back = node("MaxUnpool", ["z", "p"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
        save(f"unpool_{kernel}", [there, back], {"x": reals(2, 2, 4, 6)})


def transforms():
    """Fourier transforms of a tensor and of the stretches of a signal."""
    for at, (parts, how) in enumerate([(1, {}), (1, {"onesided": 1}), (2, {}), (2, {"inverse": 1})]):
        for length in (5, 7, 9):
            constants = {"a": np.int64(1), "n": np.int64(length)}
            save(f"fourier_{at}_{length}", [node("DFT", ["x", "n", "a"], ["y"], **how)], {"x": reals(2, 7, parts)}, constants, opset=20)
    save("fourier_17", [node("DFT", ["x"], ["y"], axis=-2)], {"x": reals(2, 3, 6, 1)}, opset=17)
    constants = {"s": np.int64(3), "w": np.abs(reals(6)), "n": np.int64(6)}
    for sides, names in ((0, "sw"), (1, "sw"), (1, "s n")):
        names = ["x", *(name.strip() for name in names)]
        held = {key: constants[key] for key in names if key in constants}
        save(f"stretches_{sides}_{len(names)}", [node("STFT", names, ["y"], onesided=sides)], {"x": reals(2, 20, 1)}, held)


def precisions():
    """Products in double and half precision."""
    for kind in (np.float64, np.float16):
        constants = {"w": reals(4, 3).astype(kind), "c": reals(3).astype(kind), "v": reals(3, 2).astype(kind)}
        product = node("Gemm", ["x", "w", "c"], ["p"], alpha=0.5, beta=2.0)
        nodes = [product, node("Tanh", ["p"], ["t"]), node("MatMul", ["t", "v"], ["y"])]
        save(f"product_{kind.__name__}", nodes, {"x": reals(2, 4).astype(kind)}, constants)


def enlarged():
    """What came before `Resize`."""
    for mode in ("nearest", "linear"):
        scales = np.float32([1, 1, 2, 3])
        save(f"upsample_{mode}", [node("Upsample", ["x", "s"], ["y"], mode=mode)], {"x": reals(1, 2, 3, 4)}, {"s": scales}, opset=9)
    save("upsample_not", [node("Upsample", ["x", "s"], ["y"])], {"x": reals(1, 2, 4, 5)}, {"s": np.float32([1, 1, 1.1, 1.01])}, opset=9)
    save("upsample_7", [node("Upsample", ["x"], ["y"], scales=[1.0, 1.0, 2.0, 2.0])], {"x": reals(1, 2, 3, 4)}, opset=7)


def crops():
    """Padding by less than zero, and every so many elements of a reshaped axis."""
    for at, pads in enumerate([[1, 0, -1, 0], [-1, -1, 2, 0], [0, -2, 0, -1], [0, 1, -2, 1]]):
        constants = {"p": np.int64(pads), "v": np.float32(0.7)}
        save(f"pad_crop_{at}", [node("Pad", ["x", "p", "v"], ["y"])], {"x": reals(3, 5)}, constants)
    for at, (shape, start, step) in enumerate([([2, 7, 6], 0, 2), ([2, 7, 6], 1, 3), ([2, 6, 7], 2, 2)]):
        constants = {"s": np.int64(shape), "b": np.int64([start] * 2), "e": np.int64([99] * 2), "a": np.int64([1, 2]), "t": np.int64([step] * 2)}
        nodes = [node("Reshape", ["x", "s"], ["r"]), node("Abs", ["r"], ["m"]), node("Slice", ["m", *"beat"], ["y"])]
        save(f"steps_{at}", nodes, {"x": reals(2, 42)}, constants)


def dynamic():
    """Levels that follow from the data, which is not close to the middle between two of them."""
    for at, least in enumerate((-100, 0, -255)):
        inputs = random.integers(least, least + 255, (3, 8)) + random.uniform(-0.3, 0.3, (3, 8))
        inputs.flat[:2] = least, least + 255
        inputs = np.float32(0.03 * np.clip(inputs, least, least + 255))
        save(f"dynamic_levels_{at}", [node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])], {"x": inputs})
        save(f"dynamic_zero_{at}", [node("DynamicQuantizeLinear", ["x"], ["l", "s", "y"])], {"x": inputs})
        reals_of = [node("DynamicQuantizeLinear", ["x"], ["l", "s", "z"]), node("DequantizeLinear", ["l", "s", "z"], ["y"])]
        save(f"dynamic_reals_{at}", reals_of, {"x": inputs})
        nodes = [
            node("DynamicQuantizeLinear", ["x"], ["l", "s", "z"]),
            node("MatMulInteger", ["l", "w", "z", "v"], ["i"]), node("Cast", ["i"], ["r"], to=TensorProto.FLOAT),
            node("Mul", ["s", "f"], ["scale"]), node("Mul", ["r", "scale"], ["y"]),
        ]
        weights = np.clip(np.round(reals(8, 4) * 40), -127, 127).astype(np.int8)
        both = [
            node("DynamicQuantizeLinear", ["x"], ["l", "s", "z"]), node("DynamicQuantizeLinear", ["w"], ["m", "t", "u"]),
            node("MatMulInteger", ["l", "m", "z", "u"], ["i"]), node("Cast", ["i"], ["y"], to=TensorProto.FLOAT),
        ]
        save(f"dynamic_both_{at}", both, {"x": inputs, "w": np.ascontiguousarray(inputs[::-1].T - inputs.min() / 3)})
        save(f"dynamic_product_{at}", nodes, {"x": inputs}, {"w": weights, "v": np.int8(0), "f": np.float32(0.02)})


for make in (activations, einsums, images, integers, elements, levels, pools, fills, machines, columns, loops):
    make()
for make in (truths, masks, wraps, folds, grids, places, transforms, precisions, enlarged, crops, dynamic):
    make()
