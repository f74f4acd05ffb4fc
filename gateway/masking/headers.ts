// The headers that go to the model under its masks: what a caller writes into one reaches the model server as surely as its body does.
import type { Start } from '../../policy/masking/framing/place.ts'
import { mayReachModel } from '../upstream/headers.ts'

/** Grammar and no text: changed, they would no longer say what they are about. */
const structure: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'accept',
  'traceparent',
  'tracestate',
])

/** Name, value, name, value ...; the very same list when nothing was found. */
export function maskHeaders(rawHeaders: readonly string[], start: Start): readonly string[] {
  let isChanged = false
  const masked = rawHeaders.map((value, i) => {
    if (i % 2 === 0) return value
    const name = (rawHeaders[i - 1] ?? '').toLowerCase()
    if (structure.has(name) || !mayReachModel(name)) return value
    const masker = start({ key: name, path: () => toPath(name) })
    const written = masker.push(value) + masker.end()
    isChanged ||= written !== value
    return written
  })
  return isChanged ? masked : rawHeaders
}

/** No pointer into a body begins like this. */
function toPath(name: string): string {
  return /^[a-z-]{1,64}$/u.test(name) ? `header:${name}` : 'header:*'
}
