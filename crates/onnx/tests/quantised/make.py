"""Makes the quantised models of the tests, and what ONNX Runtime computes for some inputs.

Needs numpy, onnx and onnxruntime; run it in its own folder. ONNX Runtime's kernels for bytes depend on the processor:
the vectors are those of x86-64 with AVX2 or better.
"""

import json
import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

random = np.random.default_rng(7)


def held(name, shape, fan=None):
    scale = 0.1 if fan is None else 1 / np.sqrt(fan)
    return numpy_helper.from_array(random.normal(0, scale, shape).astype(np.float32), name)


def model(nodes, x, y, held, domains=()):
    graph = helper.make_graph(nodes, "graph", [x], [y], held)
    opsets = [helper.make_opsetid("", 13)] + [helper.make_opsetid(domain, 1) for domain in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def real(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def cnn():
    """Convolutions, a residual sum, both kinds of pooling and a classifier."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "w2", "b2"], ["c2"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Add", ["c2", "p1"], ["a2"]),
        node("Relu", ["a2"], ["r2"]),
        node("Conv", ["r2", "w3"], ["c3"], kernel_shape=[3, 3], group=2),
        node("GlobalAveragePool", ["c3"], ["g"]),
        node("Flatten", ["g"], ["f"]),
        node("Gemm", ["f", "w4", "b4"], ["y"], transB=1),
    ]
    tensors = [
        held("w1", (4, 1, 3, 3), 9), held("b1", 4), held("w2", (4, 4, 3, 3), 36), held("b2", 4),
        held("w3", (6, 2, 3, 3), 18), held("w4", (3, 6), 6), held("b4", 3),
    ]
    return model(nodes, real("x", ["n", 1, 8, 8]), real("y", ["n", 3]), tensors)


def mlp():
    """Matrix products with and without biases."""
    node = helper.make_node
    nodes = [
        node("MatMul", ["x", "w1"], ["m1"]),
        node("Add", ["m1", "b1"], ["s1"]),
        node("Relu", ["s1"], ["r1"]),
        node("MatMul", ["r1", "w2"], ["m2"]),
        node("Relu", ["m2"], ["r2"]),
        node("Gemm", ["r2", "w3", "b3"], ["y"]),
    ]
    tensors = [held("w1", (6, 16), 6), held("b1", 16), held("w2", (16, 16), 16), held("w3", (16, 3), 16), held("b3", 3)]
    return model(nodes, real("x", ["n", 6]), real("y", ["n", 3]), tensors)


def integers():
    """Integer kernels without rounding, on inputs that are bytes."""
    node = helper.make_node
    nodes = [
        node("ConvInteger", ["x", "w1", "zx"], ["c"], kernel_shape=[3, 3]),
        node("Cast", ["c"], ["cf"], to=TensorProto.FLOAT),
        node("QuantizeLinear", ["cf", "s", "z"], ["q"]),
        node("Flatten", ["q"], ["f"]),
        node("MatMulInteger", ["f", "w2", "z", "zw"], ["m"]),
        node("Cast", ["m"], ["mf"], to=TensorProto.FLOAT),
        node("QuantizeLinear", ["mf", "t", "z"], ["y"]),
    ]
    def of(name, low, high, kind, shape=()):
        return numpy_helper.from_array(random.integers(low, high, shape).astype(kind), name)
    tensors = [
        of("w1", -90, 90, np.int8, (2, 1, 3, 3)), of("zx", 100, 140, np.uint8), of("w2", -90, 90, np.int8, (8, 3)),
        of("zw", -5, 6, np.int8, (3,)), of("z", -20, 20, np.int8),
        numpy_helper.from_array(np.float32(512), "s"), numpy_helper.from_array(np.float32(256), "t"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 1, 4, 4])
    y = helper.make_tensor_value_info("y", TensorProto.INT8, ["n", 3])
    return model(nodes, x, y, tensors)


def functions():
    """Operators between dequantised and quantised tensors that have no kernel of their own."""
    node = helper.make_node
    levels = {"s1": 0.04, "s2": 0.021, "s3": 0.033}
    nodes = [
        node("QuantizeLinear", ["x", "s1", "z1"], ["q1"]),
        node("DequantizeLinear", ["q1", "s1", "z1"], ["d1"]),
        node("Relu", ["d1"], ["r"]),
        node("QuantizeLinear", ["r", "s2", "z2"], ["q2"]),
        node("DequantizeLinear", ["q2", "s2", "z2"], ["d2"]),
        node("LeakyRelu", ["d1"], ["l"], alpha=0.3),
        node("QuantizeLinear", ["l", "s3", "z3"], ["q3"]),
        node("DequantizeLinear", ["q3", "s3", "z3"], ["d3"]),
        node("Mul", ["d2", "d3"], ["m"]),
        node("QuantizeLinear", ["m", "s2", "z2"], ["q4"]),
        node("DequantizeLinear", ["q4", "s2", "z2"], ["d4"]),
        node("Concat", ["d4", "d2", "d3"], ["c"], axis=1),
        node("Clip", ["c", "lo", "hi"], ["k"]),
        node("QuantizeLinear", ["k", "s3", "z3"], ["q5"]),
        node("DequantizeLinear", ["q5", "s3", "z3"], ["y"]),
    ]
    tensors = [numpy_helper.from_array(np.float32(value), name) for name, value in levels.items()]
    zeros = {"z1": 131, "z2": 3, "z3": 90}
    tensors += [numpy_helper.from_array(np.uint8(value), name) for name, value in zeros.items()]
    ends = {"lo": -1.5, "hi": 2.5}
    tensors += [numpy_helper.from_array(np.float32(value), name) for name, value in ends.items()]
    return model(nodes, real("x", ["n", 6]), real("y", ["n", 18]), tensors)


class Reader(CalibrationDataReader):
    def __init__(self, shape):
        self.batches = iter([{"x": random.normal(0, 1, shape).astype(np.float32)} for _ in range(16)])

    def get_next(self):
        return next(self.batches, None)


def samples(shape, kind):
    shape = (1600 // int(np.prod(shape)), *shape)
    if kind == np.uint8:
        x = random.integers(0, 256, shape)
        x[0], x[1] = 0, 255
    else:
        x = random.normal(0, 1.5, shape)
        x[0], x[1], x[2] = 0, 1e6, -1e6
        # Halves of many scales.
        x[3] = random.integers(-40, 40, shape[1:]) / 8
    return x.astype(kind)


def write(name, made, shape, kind=np.float32):
    onnx.save(made, f"{name}.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = samples(shape, kind)
    y = session.run(None, {"x": x})[0]
    def listed(array):
        return {"shape": list(array.shape), "data": [float(value) for value in array.ravel()]}
    pathlib.Path(f"{name}.json").write_text(json.dumps({"x": listed(x), "y": listed(y)}) + "\n")


def quantised(name, made, shape, layout, per_channel, activations):
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/float.onnx", f"{folder}/quantised.onnx"
        onnx.save(made, source)
        quantize_static(
            source, target, Reader((4, *shape)), quant_format=layout, per_channel=per_channel,
            activation_type=activations, weight_type=QuantType.QInt8,
        )
        write(name, onnx.load(target), shape)


if __name__ == "__main__":
    image, row = (1, 8, 8), (6,)
    quantised("cnn_qoperator", cnn(), image, QuantFormat.QOperator, True, QuantType.QUInt8)
    quantised("cnn_qoperator_signed", cnn(), image, QuantFormat.QOperator, False, QuantType.QInt8)
    quantised("cnn_qdq", cnn(), image, QuantFormat.QDQ, True, QuantType.QUInt8)
    quantised("cnn_qdq_whole", cnn(), image, QuantFormat.QDQ, False, QuantType.QUInt8)
    quantised("mlp_qoperator", mlp(), row, QuantFormat.QOperator, True, QuantType.QUInt8)
    quantised("mlp_qoperator_signed", mlp(), row, QuantFormat.QOperator, False, QuantType.QInt8)
    quantised("mlp_qdq", mlp(), row, QuantFormat.QDQ, True, QuantType.QUInt8)
    quantised("mlp_qdq_signed", mlp(), row, QuantFormat.QDQ, False, QuantType.QInt8)
    write("integers", integers(), (1, 4, 4), np.uint8)
    write("functions", functions(), row)
