// Questions about models, which protocols of conversations answer alike where a connection declares its own: nothing is asked of a
// model, and what is said is JSON of ours.
import type { InferenceFacts } from '../../../policy/model.ts'
import type { OwnAnswer } from '../protocol.ts'

export function toModelsFacts(operation: string, model: string): InferenceFacts {
  return {
    operation,
    model,
    stream: false,
    prompt: '',
    messages: [],
    tools: [],
    toolCalls: [],
    media: [],
    parameters: {},
    maxTokens: 0,
    body: null,
  }
}

export function toOwnJson(value: object): OwnAnswer {
  return { status: 200, contentType: 'application/json', body: new TextEncoder().encode(JSON.stringify(value)) }
}
