// What happened, in one line each, for people who watch a gateway that stays: problems of objects from their status, and calls
// from the gateway's own log. Pure; lines of the log that are about something else give nothing.
import type { InferencePolicy, ModelConnection } from '../operator/objects.ts'

type Declared = InferencePolicy | ModelConnection

/** What is wrong, or that it is ready; empty while that is not known yet. `origin`: of the gateway. */
export function toObjectLines(object: Declared, origin: string): readonly string[] {
  const { kind, metadata, status } = object
  const name = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
  if (status === undefined || status.observedGeneration !== metadata.generation) return []
  const problems = (status.problems ?? []).map(({ path, line, column, message }) => {
    const at = line === undefined ? '' : ` ${line}:${column ?? 1}`
    return `${name}, ${path}${at}: ${message}`
  })
  if (problems.length > 0) return problems
  const conditions = status.conditions ?? []
  const failed = conditions.filter((one) => one.status === 'False' && judged.has(one.type))
  if (failed.length > 0) return failed.map(({ reason, message }) => `${name}: ${reason}, ${message.split('\n', 1)[0]}`)
  const isReady = conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  return isReady ? [`${name}: ${toPlace(status, origin)}`] : []
}

type Status = NonNullable<Declared['status']>

function toPlace(status: Status, origin: string): string {
  if ('routes' in status) {
    const places = (status.routes ?? []).map((route) =>
      route.startsWith('/') ? `${origin}${route}` : `http://${route}`,
    )
    return `ready at ${places.join(', ')}`
  }
  const targets = 'targets' in status ? (status.targets ?? []) : []
  return targets.length === 0 ? 'in force, but it selects no connection' : `in force for ${targets.join(', ')}`
}

/** Programmed and Ready follow from these, and would say everything twice. */
const judged = new Set(['Accepted', 'ResolvedRefs'])

/** From one line of JSON: a call in short, or what an operator of a cluster would be warned of. */
export function toLogLine(logged: string): string | undefined {
  const fields = parseLine(logged)
  if (fields === undefined) return undefined
  if (fields['msg'] === 'call') return toCallLine(fields)
  return Number(fields['level']) >= warning ? toWarningLine(fields) : undefined
}

const warning = 40

/** `research/chat 403 policy_denied, research/chat-for-research/no-poems (3 ms)` */
function toCallLine(fields: Fields): string {
  const why = [textOf(fields, 'code'), textOf(fields, 'rule')].filter((part) => part !== '').join(', ')
  const words = [textOf(fields, 'connection') || 'no connection', textOf(fields, 'status'), why]
  return `${words.filter((part) => part !== '').join(' ')} (${Math.round(Number(fields['ms']))} ms)`
}

function toWarningLine(fields: Fields): string {
  const { problems } = fields
  const texts: readonly unknown[] = Array.isArray(problems) ? problems : []
  const details = [...texts.map(String), textOf(fields, 'reason'), textOf(fields, 'cause')].filter(
    (part) => part !== '',
  )
  return [textOf(fields, 'msg'), ...details].join(': ')
}

type Fields = Readonly<Record<string, unknown>>

function textOf(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function parseLine(logged: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(logged)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
