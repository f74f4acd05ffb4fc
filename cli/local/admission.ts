// What an API server does before it stores an object, put over a folder: what the CRD's schema does not allow is never seen by
// anybody. As in a cluster, where such an edit is refused, the version before it stays in force.
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, Resource } from '../../kube/resource.ts'
import { toKey } from '../../kube/resource.ts'
import type { ResourceStore, WatchEvent } from '../../kube/store.ts'
import type { CheckObject } from '../../crds/check-object.ts'

export interface Refusal {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly problems: readonly string[]
  /** A version before it was good and stays in force. */
  readonly hasEarlier: boolean
}

export interface AdmissionOptions {
  /** By kind; other kinds pass. */
  readonly checks: Readonly<Record<string, CheckObject>>
  /** Once for every version that is refused. */
  readonly onRefusal: (refusal: Refusal) => void
}

export function withAdmission(store: ResourceStore, options: AdmissionOptions): ResourceStore {
  const admission = new Admission(options)
  return {
    ...store,
    get: async (resource, ref, call) => {
      const found = await store.get(resource, ref, call)
      return found && admission.admit(resource, found)
    },
    list: async (resource, selection) => {
      const { items, resourceVersion } = await store.list(resource, selection)
      return { items: items.flatMap((item) => admission.admit(resource, item) ?? []), resourceVersion }
    },
    watch: (resource, selection) => admittedEvents(store.watch(resource, selection), resource, admission),
  }
}

interface Good {
  readonly spec: unknown
  readonly generation: number | undefined
}

interface Verdict {
  readonly content: object
  readonly isGood: boolean
  /** The last version that was good. */
  readonly good: Good | undefined
}

class Admission {
  readonly #options: AdmissionOptions
  readonly #verdicts = new Map<string, Verdict>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** The object with the content that counts; undefined when it never had any. */
  admit<T extends KubeObject>(resource: Resource<T>, object: T): T | undefined {
    const checkObject = this.#options.checks[resource.kind]
    if (checkObject === undefined) return object
    const { isGood, good } = this.#judge(checkObject, object)
    if (isGood) return object
    if (good === undefined) return undefined
    const { spec, generation } = good
    return { ...object, spec, metadata: { ...object.metadata, ...(generation === undefined ? {} : { generation }) } }
  }

  forget(resource: Resource, object: KubeObject): void {
    this.#verdicts.delete(toId(resource.kind, object))
  }

  #judge(checkObject: CheckObject, object: KubeObject): Verdict {
    const id = toId(object.kind, object)
    const content = toContent(object)
    const known = this.#verdicts.get(id)
    if (known !== undefined && isDeepStrictEqual(known.content, content)) return known
    const problems = checkObject({ ...content, metadata: object.metadata })
    const isGood = problems.length === 0
    const { generation } = object.metadata
    const verdict = { content, isGood, good: isGood ? { spec: content['spec'], generation } : known?.good }
    this.#verdicts.set(id, verdict)
    const { namespace = '', name } = object.metadata
    if (!isGood)
      this.#options.onRefusal({ kind: object.kind, namespace, name, problems, hasEarlier: known?.good !== undefined })
    return verdict
  }
}

async function* admittedEvents<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  resource: Resource<T>,
  admission: Admission,
): AsyncGenerator<WatchEvent<T>> {
  for await (const event of events) {
    if (event.type !== 'Set') yield event
    if (event.type === 'Deleted') admission.forget(resource, event.object)
    const object = event.type === 'Set' ? admission.admit(resource, event.object) : undefined
    if (object !== undefined) yield { type: 'Set', object }
  }
}

/** What a person wrote: the status is the operator's, and metadata has rules of its own. */
function toContent(object: KubeObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'metadata' && name !== 'status'))
}

function toId(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${toKey(metadata)}`
}
