// The classes of ways around a policy, by which inference gateways have been passed, and the protocols for which each must be tried.
// `npm run bypass` counts by them, and a class without a case is a miss.

const speaking = ['OpenAI', 'Anthropic'] as const
const tensors = ['OpenInference', 'Triton', 'KServeV1', 'TensorFlowServing'] as const
const free = ['TorchServe', 'HTTP'] as const
export const allProtocols = [...speaking, 'MCP', ...tensors, ...free] as const
/** For what has nothing to do with a protocol. */
const any = ['every protocol'] as const

export type ProtocolName = (typeof allProtocols)[number]

export const classes = {
  'old turns': speaking,
  'tool results and calls': [...speaking, 'MCP'],
  'nested parts': [...speaking, 'MCP', ...tensors, ...free],
  'non-string content': [...speaking, 'MCP', ...tensors, ...free],
  'unknown fields that carry text': [...speaking, 'MCP', ...tensors, 'TorchServe', 'HTTP'],
  'names and descriptions': [...speaking, 'MCP'],
  'what stands elsewhere': speaking,
  'duplicate keys': allProtocols,
  'other readers of JSON': allProtocols,
  'escapes and base64': [...allProtocols],
  size: allProtocols,
  'content type': allProtocols,
  'encoded paths': allProtocols,
  'other endpoints': allProtocols,
  'query parameters': allProtocols,
  'header and body disagree': ['MCP', 'OpenInference', 'Triton', 'KServeV1'],
  'header spellings': any,
  'compressed bodies': any,
  smuggling: any,
  'model renamed after the check': ['OpenAI', 'Anthropic', 'OpenInference', 'Triton', 'KServeV1', 'TorchServe'],
  'tensors as bytes': ['OpenInference', 'Triton'],
  'forms in parts': free,
  'media that lie': [...speaking, ...free],
  'choices of an answer': ['OpenAI'],
  'channels of an answer': [...speaking, 'MCP', ...tensors, ...free],
  'tool calls of an answer': [...speaking, 'MCP'],
  'text over cuts': ['OpenAI', 'Anthropic', 'MCP', 'Triton', 'TorchServe', 'HTTP'],
  'text told twice': ['OpenAI', 'MCP'],
  'unknown events': ['OpenAI', 'Anthropic', 'MCP', 'Triton', 'TorchServe', 'HTTP'],
  'answers in disguise': allProtocols,
  'errors of model servers': allProtocols,
  'masked text': allProtocols,
  'after a refusal': [...speaking, 'MCP'],
  'mode Audit': any,
  'limits under a burst': any,
} as const satisfies Readonly<Record<string, readonly string[]>>

export type ClassName = keyof typeof classes
