// Before a target is measured it must answer one call and one stream correctly: a proxy that fails fast is not a fast proxy.
import { request } from 'undici'

import type { Reachable } from './load.ts'
import { makeChatRequest } from './load.ts'

const tokens = 3
const quotedChars = 200

/** Throws with what was wrong about the first bad answer. */
export async function probe(target: Reachable, signal: AbortSignal): Promise<void> {
  const json = await call(target, makeChatRequest('bench-json', false), signal)
  if (!json.includes('"chat.completion"')) throw new Error(`a call was answered with ${quote(json)}`)
  const stream = await call(target, makeChatRequest(`bench-${tokens}x0ms`, true), signal)
  const events = stream.split('\n\n').filter((event) => event.startsWith('data: '))
  if (events.length !== tokens + 1 || events.at(-1) !== 'data: [DONE]') {
    throw new Error(`a stream was answered with ${quote(stream)}`)
  }
}

async function call(target: Reachable, body: string, signal: AbortSignal): Promise<string> {
  const reply = await request(`http://127.0.0.1:${target.port}${target.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...target.headers },
    body,
    signal,
  })
  const text = await reply.body.text()
  if (reply.statusCode !== 200) throw new Error(`a call was answered with status ${reply.statusCode}: ${quote(text)}`)
  return text
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, quotedChars))
}
