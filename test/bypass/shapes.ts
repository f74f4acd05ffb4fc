// One good request of each protocol with a word where its text stands, so that one case can be tried on all of them.
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { Json } from '../../policy/model.ts'
import type { ProtocolName } from './class-list.ts'
import { allProtocols } from './class-list.ts'
import type { Attempt, WorldConnection } from './world.ts'

export interface Shape {
  readonly path: string
  /** The body, as a value. */
  readonly body: (text: string) => { readonly [key: string]: Json }
  readonly spec?: Partial<ModelConnectionSpec>
}

const tensor = (text: string): Json => ({ name: 'text', datatype: 'BYTES', shape: [1], data: [text] })

export const declared: NonNullable<ModelConnectionSpec['content']> = {
  mode: 'Declared',
  fields: [
    { name: 'text', phase: 'Request', pointer: '/text', kind: 'Text' },
    { name: 'lines', phase: 'Request', pointer: '/lines/*/text', kind: 'Text' },
    { name: 'note', phase: 'Request', formPart: 'note', kind: 'Text' },
    { name: 'photo', phase: 'Request', formPart: 'photo', kind: 'Binary' },
    { name: 'label', phase: 'Response', pointer: '/label', kind: 'Text' },
  ],
  media: [{ type: 'image/png', maxWidth: 64, maxHeight: 64 }, { type: 'image/jpeg' }],
}

export const shapes: Readonly<Record<ProtocolName, Shape>> = {
  OpenAI: {
    path: '/v1/chat/completions',
    body: (content) => ({ model: 'm', messages: [{ role: 'user', content }] }),
  },
  Anthropic: {
    path: '/v1/messages',
    body: (content) => ({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content }] }),
  },
  MCP: {
    path: '/mcp',
    body: (q) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'find', arguments: { q } } }),
  },
  OpenInference: { path: '/v2/models/m/infer', body: (text) => ({ inputs: [tensor(text)] }) },
  Triton: { path: '/v2/models/m/generate', body: (text) => ({ text_input: text }) },
  KServeV1: { path: '/v1/models/m:predict', body: (text) => ({ instances: [{ text }] }) },
  TensorFlowServing: { path: '/v1/models/m:predict', body: (text) => ({ instances: [{ text }] }) },
  TorchServe: { path: '/predictions/m', body: (text) => ({ text }) },
  HTTP: { path: '/classify', body: (text) => ({ text }), spec: { content: declared } },
}

export function ask(protocol: ProtocolName, text: string): Attempt {
  const { path, body } = shapes[protocol]
  return { path, body: JSON.stringify(body(text)) }
}

/** A connection of each protocol, of its name in lower case. */
export function everyConnection(more: WorldConnection = {}): Readonly<Record<string, WorldConnection>> {
  return Object.fromEntries(
    allProtocols.map((protocol) => [
      nameOf(protocol),
      { ...more, spec: { protocol, ...shapes[protocol].spec, ...more.spec } },
    ]),
  )
}

export function nameOf(protocol: ProtocolName): string {
  return protocol.toLowerCase()
}
