// What happened, in one line each, for people who watch a gateway that stays: problems of objects from their status, and calls
// from the gateway's own log. Pure; lines of the log that are about something else give nothing.
import type { InferencePolicy, ModelConnection } from '../operator/objects.ts'

type Declared = InferencePolicy | ModelConnection

/** Empty when the object is as it should be, or not looked at yet. */
export function toObjectLines(object: Declared): readonly string[] {
  const { kind, metadata, status } = object
  const name = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
  if (status?.observedGeneration !== metadata.generation) return []
  const problems = (status?.problems ?? []).map(({ path, line, column, message }) => {
    const at = line === undefined ? '' : ` ${line}:${column ?? 1}`
    return `${name}, ${path}${at}: ${message}`
  })
  if (problems.length > 0) return problems
  const failed = (status?.conditions ?? []).filter((one) => one.status === 'False' && judged.has(one.type))
  return failed.map(({ reason, message }) => `${name}: ${reason}, ${message.split('\n', 1)[0]}`)
}

/** Programmed and Ready follow from these, and would say everything twice. */
const judged = new Set(['Accepted', 'ResolvedRefs'])

/** `research/chat 403 policy_denied, research/chat-for-research/no-poems (3 ms)`, from one line of JSON. */
export function toCallLine(logged: string): string | undefined {
  const fields = parseLine(logged)
  if (fields?.['msg'] !== 'call') return undefined
  const text = (name: string): string => {
    const value = fields[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const why = [text('code'), text('rule')].filter((part) => part !== '').join(', ')
  const words = [text('connection') || 'no connection', text('status'), why].filter((part) => part !== '')
  return `${words.join(' ')} (${Math.round(Number(text('ms')))} ms)`
}

function parseLine(logged: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(logged)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
