// Which changes of a status become Kubernetes Events: Accepted and Programmed, when they turn, and nothing while they wait.
import type { KubeObject } from '../kube/resource.ts'
import type { Story } from './runtime/events.ts'

interface Turned {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

export type TellChanges = (
  regarding: KubeObject,
  before: readonly Pick<Turned, 'type' | 'status' | 'reason'>[] | undefined,
  after: readonly Turned[],
) => void

const told = new Map([
  ['Accepted', 'Validate'],
  ['ResolvedRefs', 'Resolve'],
  ['Programmed', 'Program'],
])

/** Pure. */
export function toStories(...[regarding, before = [], after]: Parameters<TellChanges>): readonly Story[] {
  return after.flatMap((now) => {
    const action = told.get(now.type)
    const old = before.find(({ type }) => type === now.type)
    if (action === undefined || !isNews(old, now)) return []
    const [note = ''] = now.message.split('\n', 1)
    return [{ regarding, type: now.status === 'True' ? 'Normal' : 'Warning', reason: now.reason, action, note }]
  })
}

/** A reference that resolves, or a spec that is fine from the beginning, is no story. */
function isNews(old: Pick<Turned, 'status' | 'reason'> | undefined, { type, status, reason }: Turned): boolean {
  if (status === 'False') return old?.status !== 'False' || old.reason !== reason
  if (status !== 'True' || old?.status === 'True') return false
  return type === 'Programmed' || old?.status === 'False'
}
