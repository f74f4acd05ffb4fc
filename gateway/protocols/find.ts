// Which protocol a connection speaks. One instance per connection and snapshot, made when it is first asked for.
import type { CompiledConnection } from '../../policy/snapshot.ts'
import { GatewayError } from '../errors.ts'
import { buildAnthropic } from './anthropic/anthropic.ts'
import { buildDeclared } from './declared/declared.ts'
import { buildKServeV1 } from './kserve-v1/kserve-v1.ts'
import { buildMcp } from './mcp/mcp.ts'
import { buildOpenAI } from './openai/openai.ts'
import { buildOpenInference } from './open-inference/open-inference.ts'
import { renderOpenAIError } from './openai/error.ts'
import type { Protocol, RenderError } from './protocol.ts'
import { buildTensorFlowServing } from './tensorflow-serving/tensorflow-serving.ts'
import { buildTorchServe } from './torchserve/torchserve.ts'
import { buildTriton } from './triton/triton.ts'

type Build = (connection: CompiledConnection) => Protocol

const builders: ReadonlyMap<string, Build> = new Map([
  ['Anthropic', buildAnthropic],
  ['OpenAI', buildOpenAI],
  ['MCP', buildMcp],
  ['HTTP', buildDeclared],
  ['KServeV1', buildKServeV1],
  ['OpenInference', buildOpenInference],
  ['TensorFlowServing', buildTensorFlowServing],
  ['TorchServe', buildTorchServe],
  ['Triton', buildTriton],
])

export class Protocols {
  readonly #made = new WeakMap<CompiledConnection, Protocol>()

  errorsOf(connection: CompiledConnection): RenderError {
    return connection.opaque ? renderOpenAIError : this.of(connection).renderError
  }

  of(connection: CompiledConnection): Protocol {
    const known = this.#made.get(connection)
    if (known !== undefined) return known
    const build = builders.get(connection.facts.protocol)
    if (build === undefined) {
      throw new GatewayError('operation_not_supported', 'The protocol of this connection is not supported.')
    }
    const made = build(connection)
    this.#made.set(connection, made)
    return made
  }
}
