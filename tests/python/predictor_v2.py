"""Triton's HTTP client against a predictor: health, metadata, inference in both forms of tensors, and its own exceptions.

usage: predictor_v2.py ADDRESS MODEL_ONNX
"""

import sys

import numpy
import onnxruntime
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

address, file = sys.argv[1:]
client = triton.InferenceServerClient(address)
name = "volume-forest"
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready(name) and not client.is_model_ready("nothing")
assert client.get_server_metadata()["name"] == "tickermill"
metadata = client.get_model_metadata(name)
[version] = metadata["versions"]
assert client.is_model_ready(name, version) and not client.is_model_ready(name, "7")
[tensor_in], [tensor_out] = metadata["inputs"], metadata["outputs"]
assert tensor_in == {"name": "features", "datatype": "FP32", "shape": [-1, 2]}, tensor_in
assert tensor_out == {"name": "prediction", "datatype": "FP32", "shape": [-1, 1]}, tensor_out

chance = numpy.random.default_rng(20261125)
session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def asked(rows, binary):
    tensor = triton.InferInput("features", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return tensor


for rows in (1, 3, 1000):
    given = numpy.exp(chance.uniform(0, 18, size=(rows, 2))).astype(numpy.float32)
    [expected] = session.run(None, {"features": given})
    for binary_in in (True, False):
        for binary_out in (True, False):
            wanted = [triton.InferRequestedOutput("prediction", binary_data=binary_out)]
            for outputs in (wanted, None):
                answer = client.infer(name, [asked(given, binary_in)], model_version=version, outputs=outputs, request_id="r")
                assert answer.get_response()["id"] == "r"
                assert answer.get_response()["model_version"] == version
                numpy.testing.assert_allclose(answer.as_numpy("prediction"), expected, rtol=1e-5)


def expect_refused(part, *, model=name, tensor=None, **more):
    given = tensor or asked(numpy.ones((2, 2), dtype=numpy.float32), True)
    try:
        client.infer(model, [given], **more)
    except InferenceServerException as refusal:
        assert part in refusal.message(), refusal
        return
    raise AssertionError(f"not refused: {part}")


def tensor(name="features", shape=(2, 2), datatype="FP32", dtype=numpy.float32, value=1):
    given = triton.InferInput(name, list(shape), datatype)
    given.set_data_from_numpy(numpy.full(shape, value, dtype=dtype))
    return given


expect_refused("there is no model `other`", model="other")
expect_refused("version `7`", model_version="7")
expect_refused("there is no input `other`", tensor=tensor(name="other"))
expect_refused("[2, 3] is not its shape", tensor=tensor(shape=(2, 3)))
expect_refused("1 dimensions", tensor=tensor(shape=(2,)))
expect_refused("`FP64` is not its type", tensor=tensor(datatype="FP64", dtype=numpy.float64))
expect_refused("inf among the values", tensor=tensor(value=numpy.inf))
expect_refused("NaN among the values", tensor=tensor(value=numpy.nan))
expect_refused("there is no output `other`", outputs=[triton.InferRequestedOutput("other")])
try:
    client.get_model_metadata("other")
    raise AssertionError("not refused")
except InferenceServerException as refusal:
    assert "there is no model `other`" in refusal.message(), refusal
print("all calls as expected")
