// A model server that speaks enough OpenAI for a real SDK and remembers what reached it, credentials above all: for asking which
// key a gateway sent, and whether a refused call arrived after all.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Upstream } from './upstream-server.ts'
import { readText, startUpstream } from './upstream-server.ts'

export interface Arrival {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

export interface SystemModel extends Upstream {
  readonly arrivals: readonly Arrival[]
}

export async function startSystemModel(): Promise<SystemModel> {
  const arrivals: Arrival[] = []
  const server = await startUpstream((request, response) => {
    void readText(request).then(async (body) => {
      arrivals.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
      await nextTurn()
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(toCompletion(body)))
    })
  })
  return { ...server, arrivals }
}

/** `hello`, or what follows `say:` in the request. */
const toCompletion = (body: string): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'small',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: /say:([^"\\]*)/u.exec(body)?.[1] ?? 'hello', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})
