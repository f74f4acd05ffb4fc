# A model that gives back its inputs, behind KServe's Python server: version 1 and version 2 (JSON and binary tensors) on one port.
import sys

from kserve import InferOutput, InferResponse, Model, ModelServer


class Echo(Model):
    def load(self):
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": payload.get("instances", payload.get("inputs"))}
        return InferResponse(
            response_id=payload.id,
            model_name=self.name,
            infer_outputs=[InferOutput(i.name, i.shape, i.datatype, i.data) for i in payload.inputs],
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


model = Echo("echo")
model.load()
ModelServer(http_port=int(sys.argv[1]), enable_grpc=False, workers=1).start([model])
