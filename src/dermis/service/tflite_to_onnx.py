"""The face networks as ONNX, for the engine in the browser, which reads no TFLite.

Only the operators of these networks are known. Images are kept channel first between the input and the
outputs; weights stay 16-bit and are widened when the network is loaded, which halves what a phone fetches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OPSET", "convert"]

OPSET = 17

_TO_CHANNEL_FIRST = (0, 3, 1, 2)
_TO_CHANNEL_LAST = (0, 2, 3, 1)
_DTYPES = {0: np.float32, 1: np.float16, 2: np.int32}  # tflite.TensorType
_POINTWISE = {0: "Add", 14: "Sigmoid", 19: "Relu"}  # tflite.BuiltinOperator
_ACTIVATIONS = {0: "", 1: "Relu"}  # tflite.ActivationFunctionType


def convert(tflite_bytes: bytes) -> bytes:
    """Return the network as ONNX with the same names, shapes and channel-last inputs and outputs.

    Raises ValueError for an operator or activation that the face networks do not use.
    """
    import onnx  # late: 0.2 s
    import tflite

    model = tflite.Model.GetRootAsModel(tflite_bytes, 0)
    writer = _Writer(model=model, graph=model.Subgraphs(0))
    inputs = [writer.open_input(place) for place in writer.graph.InputsAsNumpy()]
    for number in range(writer.graph.OperatorsLength()):
        writer.write(writer.graph.Operators(number))
    outputs = [writer.close_output(place) for place in writer.graph.OutputsAsNumpy()]
    graph = onnx.helper.make_graph(writer.nodes, "face", inputs, outputs, writer.weights)
    opset = onnx.helper.make_opsetid("", OPSET)
    made = onnx.helper.make_model(graph, producer_name="dermis", opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString())


@dataclass(slots=True, kw_only=True)
class _Writer:
    """The ONNX graph so far. `names`: what each TFLite tensor is called in it; `constants`: those with values."""

    model: Any
    graph: Any
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    constants: dict[int, NDArray[Any]] = field(default_factory=dict)

    def open_input(self, place: int) -> Any:  # noqa: ANN401 -- onnx's records
        name = self._called(place)
        self.names[place] = self._add("Transpose", [name], perm=_TO_CHANNEL_FIRST)
        return self._value(place, name)

    def close_output(self, place: int) -> Any:  # noqa: ANN401
        name = self._called(place)
        made = self.names[place]
        if self._image(self._shape(place)):
            self.nodes.append(_node("Transpose", [made], name, perm=_TO_CHANNEL_LAST))
        else:
            last = next(node for node in self.nodes if node.output[0] == made)
            last.output[0] = name
        return self._value(place, name)

    def write(self, operator: Any) -> None:  # noqa: ANN401 -- tflite has no types
        """Add one operator; a DEQUANTIZE of weights only hands them on."""
        import tflite

        kind = self.model.OperatorCodes(operator.OpcodeIndex())
        code = max(kind.BuiltinCode(), kind.DeprecatedBuiltinCode())
        inputs, output = operator.InputsAsNumpy(), int(operator.OutputsAsNumpy()[0])
        options = _options(operator, code)
        match code:
            case tflite.BuiltinOperator.DEQUANTIZE:
                self.constants[output] = self._constant(inputs[0])
                return
            case tflite.BuiltinOperator.CONV_2D | tflite.BuiltinOperator.DEPTHWISE_CONV_2D:
                name = self._convolution(inputs, options, depthwise=code == tflite.BuiltinOperator.DEPTHWISE_CONV_2D)
            case tflite.BuiltinOperator.PRELU:
                slope = self._weight(self._constant(inputs[1]).transpose(2, 0, 1))
                name = self._add("PRelu", [self._read(inputs[0]), slope])
            case tflite.BuiltinOperator.ADD | tflite.BuiltinOperator.RELU | tflite.BuiltinOperator.LOGISTIC:
                name = self._add(_POINTWISE[code], [self._read(place) for place in inputs])
            case tflite.BuiltinOperator.MAX_POOL_2D:
                window = (options.FilterHeight(), options.FilterWidth())
                name = self._add("MaxPool", [self._read(inputs[0])], kernel_shape=window, **_steps(options))
            case tflite.BuiltinOperator.PAD:
                pads = self._constant(inputs[1])[list(_TO_CHANNEL_FIRST)].T.ravel().astype(np.int64)
                name = self._add("Pad", [self._read(inputs[0]), self._weight(pads)])
            case tflite.BuiltinOperator.RESHAPE:
                shape = self._weight(np.array(self._shape(output), dtype=np.int64))
                name = self._add("Reshape", [self._channel_last(inputs[0]), shape])
            case tflite.BuiltinOperator.CONCATENATION:
                name = self._add("Concat", [self._read(place) for place in inputs], axis=options.Axis())
            case _:
                raise ValueError(f"The network uses operator {code}, which is not converted.")
        self.names[output] = self._activated(name, options)

    def _convolution(self, inputs: NDArray[Any], options: Any, *, depthwise: bool) -> str:  # noqa: ANN401
        """TFLite: (out, h, w, in), or (1, h, w, channels) where each channel has its own filter."""
        kernel = self._constant(inputs[1])
        kernel = kernel.transpose(3, 0, 1, 2) if depthwise else kernel.transpose(0, 3, 1, 2)
        weights = [self._weight(kernel), self._weight(self._constant(inputs[2]))]
        groups = kernel.shape[0] if depthwise else 1
        return self._add("Conv", [self._read(inputs[0]), *weights], group=groups, **_steps(options))

    def _activated(self, name: str, options: Any) -> str:  # noqa: ANN401
        fused = options.FusedActivationFunction() if hasattr(options, "FusedActivationFunction") else 0
        if fused not in _ACTIVATIONS:
            raise ValueError(f"The network uses activation {fused}, which is not converted.")
        return self._add(_ACTIVATIONS[fused], [name]) if _ACTIVATIONS[fused] else name

    def _channel_last(self, place: int) -> str:
        name = self._read(place)
        return self._add("Transpose", [name], perm=_TO_CHANNEL_LAST) if self._image(self._shape(place)) else name

    def _weight(self, values: NDArray[Any]) -> str:
        import onnx

        name = f"weight_{len(self.weights)}"
        self.weights.append(onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return self._add("Cast", [name], to=onnx.TensorProto.FLOAT) if values.dtype == np.float16 else name

    def _add(self, kind: str, inputs: list[str], **attributes: Any) -> str:  # noqa: ANN401
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(_node(kind, inputs, name, **attributes))
        return name

    def _read(self, place: int) -> str:
        """Name a tensor that earlier operators made."""
        return self.names[int(place)]

    def _constant(self, place: int) -> NDArray[Any]:
        if int(place) in self.constants:
            return self.constants[int(place)]
        tensor = self.graph.Tensors(int(place))
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        return np.frombuffer(data.tobytes(), dtype=_DTYPES[tensor.Type()]).reshape(self._shape(place))

    def _shape(self, place: int) -> tuple[int, ...]:
        return tuple(int(side) for side in self.graph.Tensors(int(place)).ShapeAsNumpy())

    def _called(self, place: int) -> str:
        return str(self.graph.Tensors(int(place)).Name().decode())

    def _value(self, place: int, name: str) -> Any:  # noqa: ANN401
        import onnx

        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, self._shape(place))

    @staticmethod
    def _image(shape: tuple[int, ...]) -> bool:
        return len(shape) == 4


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:  # noqa: ANN401
    import onnx

    return onnx.helper.make_node(kind, inputs, [output], **attributes)


def _steps(options: Any) -> dict[str, object]:  # noqa: ANN401
    import tflite

    same = options.Padding() == tflite.Padding.SAME
    return {"strides": (options.StrideH(), options.StrideW()), "auto_pad": "SAME_UPPER" if same else "VALID"}


def _options(operator: Any, code: int) -> Any:  # noqa: ANN401
    """Return the operator's own table of options, None for those that have none."""
    import tflite

    tables = {
        tflite.BuiltinOperator.CONV_2D: tflite.Conv2DOptions,
        tflite.BuiltinOperator.DEPTHWISE_CONV_2D: tflite.DepthwiseConv2DOptions,
        tflite.BuiltinOperator.ADD: tflite.AddOptions,
        tflite.BuiltinOperator.MAX_POOL_2D: tflite.Pool2DOptions,
        tflite.BuiltinOperator.CONCATENATION: tflite.ConcatenationOptions,
    }
    raw = operator.BuiltinOptions()
    if code not in tables or raw is None:
        return None
    options = tables[code]()
    options.Init(raw.Bytes, raw.Pos)
    return options
