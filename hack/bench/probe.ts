// Before a target is measured it must answer one call and one stream correctly: a proxy that fails fast is not a fast proxy, and one
// that masks nothing is not a fast mask.
import { request } from 'undici'

import type { Reachable } from './load.ts'
import { makeChatRequest } from './load.ts'
import type { StartedTarget } from './target.ts'

const tokens = 3
const quotedChars = 200

/** Throws with what was wrong about the first bad answer. */
export async function probe(target: StartedTarget, signal: AbortSignal): Promise<void> {
  const json = await call(target, makeChatRequest('bench-json', false), signal)
  if (!json.includes('"chat.completion"')) throw new Error(`a call was answered with ${quote(json)}`)
  const stream = await call(target, makeChatRequest(`bench-${tokens}x0ms`, true), signal)
  const events = stream.split('\n\n').filter((event) => event.startsWith('data: '))
  // A mask may tell in one event more what it held until the end.
  const isWhole = events.length === tokens + 1 || (target.masks === true && events.length === tokens + 2)
  if (!isWhole || events.at(-1) !== 'data: [DONE]') {
    throw new Error(`a stream was answered with ${quote(stream)}`)
  }
  if (target.masks === true) await probeMasks(target, signal)
}

/** The mock refuses a question with an address in it, and tells one over several tokens. */
async function probeMasks(target: Reachable, signal: AbortSignal): Promise<void> {
  const question = 'May I write to jane.doe@mail.example.org about the gate? '
  const stream = await call(target, makeChatRequest('bench-mail-24x0ms', true, question), signal)
  const text = [...stream.matchAll(/"content":"([^"]*)"/gu)].map(([, content]) => content).join('')
  if (!text.startsWith('Write to [') || text.includes('example')) {
    throw new Error(`what was to be masked was answered with ${quote(text)}`)
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
