// Findings to conditions: Accepted, ResolvedRefs, Programmed, their sum Ready, and, only while they are true, the two that generic
// tools wait for (kstatus): Reconciling and Stalled. Pure; times are the status writer's.
import type { Condition } from './runtime/status-writer.ts'
import type { Standing } from './standing.ts'
import type { Finding, Verdict } from './verdict.ts'
import { isTrue, toMessage } from './verdict.ts'

export function toConditions(verdict: Verdict, standing: Standing, observedGeneration: number): readonly Condition[] {
  const { accepted, resolvedRefs } = verdict
  const { programmed } = standing
  const toCondition = (type: string, { status, reason, message }: Finding): Condition => ({
    type,
    status,
    reason,
    message: toMessage(message),
    observedGeneration,
  })
  const broken = [accepted, resolvedRefs, programmed].filter((finding) => !isTrue(finding))
  return [
    toCondition('Accepted', accepted),
    toCondition('ResolvedRefs', resolvedRefs),
    toCondition('Programmed', programmed),
    toCondition('Ready', toReady(broken)),
    ...toProgress(broken).map(([type, finding]) => toCondition(type, finding)),
  ]
}

function toReady([first]: readonly Finding[]): Finding {
  if (first === undefined) return { status: 'True', reason: 'Ready', message: 'In force at every gateway replica.' }
  return { status: first.status, reason: first.reason, message: firstLine(first.message) }
}

/** Unknown is on its way; False stays so until somebody does something. */
function toProgress(broken: readonly Finding[]): readonly (readonly [string, Finding])[] {
  const failed = broken.find(({ status }) => status === 'False')
  if (failed !== undefined) return [['Stalled', { ...failed, status: 'True', message: firstLine(failed.message) }]]
  const [waiting] = broken
  return waiting === undefined
    ? []
    : [['Reconciling', { ...waiting, status: 'True', message: firstLine(waiting.message) }]]
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
