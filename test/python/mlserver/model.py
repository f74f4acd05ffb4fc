# A model that gives back its inputs, behind MLServer: the Open Inference Protocol as Seldon's server speaks it.
import asyncio
import sys

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.types import InferenceResponse, ResponseOutput


class Echo(MLModel):
    async def predict(self, payload):
        outputs = [ResponseOutput(name=i.name, shape=i.shape, datatype=i.datatype, data=i.data) for i in payload.inputs]
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=outputs)


async def serve(http, grpc, metrics):
    settings = Settings(host="127.0.0.1", http_port=http, grpc_port=grpc, metrics_port=metrics, parallel_workers=0)
    await MLServer(settings).start([ModelSettings(name="echo", implementation=Echo)])


asyncio.run(serve(*map(int, sys.argv[1:4])))
