# Triton's own HTTP client (it comes with MLServer): binary tensors there and back, and how it shows a refusal.
import sys

import numpy
import tritonclient.http as triton

url, token = sys.argv[1:3]
headers = {"authorization": f"Bearer {token}"}
client = triton.InferenceServerClient(url.removeprefix("http://"))


def to_input(name, values, datatype):
    tensor = triton.InferInput(name, values.shape, datatype)
    tensor.set_data_from_numpy(values)
    return tensor


def infer(*words):
    texts = to_input("text", numpy.array([word.encode() for word in words], dtype=object), "BYTES")
    floats = to_input("floats", numpy.array([[0.5, 1]], dtype=numpy.float32), "FP32")
    return client.infer("public", [texts, floats], headers=headers)


print("ready", client.is_model_ready("public", headers=headers))
result = infer("hello", "für")
print("text", result.as_numpy("text"))
print("floats", result.as_numpy("floats"))
try:
    infer("forbidden")
except triton.InferenceServerException as refused:
    print("refused", refused.message())
