// The one Secret with the keys under which gateways make pseudonyms and hashes: a slot for each namespace that has connections. A
// slot is made once; it is never written again and never taken out, also when its namespace is gone, because every token that was
// ever given out hangs on it. Keys are never logged.
import type { Clock } from '../../kube/clock.ts'
import { isKubeError } from '../../kube/errors.ts'
import type { Secret } from '../../kube/resource.ts'
import { secrets } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'

export const tenantKeySecretName = 'portcullis-tenant-keys'

export interface TenantKeyDeps {
  readonly store: Pick<ResourceStore, 'get' | 'create' | 'replace'>
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Of the product: where the Secret is. */
  readonly namespace: string
  /** 32 random bytes. */
  readonly newKey: () => Uint8Array
  /** Called when what is wrong has changed; empty: nothing any more. Fit for logs. */
  readonly onTrouble: (troubles: readonly string[], secret: Secret | undefined) => void
}

/** Base64 by namespace, as stored. */
export type TenantKeySlots = Readonly<Record<string, string>>

export interface PlannedKeys {
  readonly slots: TenantKeySlots
  readonly isNew: boolean
  /** Namespaces whose slot holds something that is no key. */
  readonly damaged: readonly string[]
  /** Namespaces that no slot could be made for. */
  readonly left: readonly string[]
}

const keyBytes = 32
/** What a Secret holds is limited to 1 MiB, names of slots and all. */
const maxSlots = 8_000
/** How long what was read is believed; nobody else writes it, unless somebody repairs it. */
const believedMs = 60_000

/** Pure but for `newKey`. `before`: what stood there at an earlier look, so that a slot that somebody removed gets its old key again. */
export function planTenantKeys(
  stored: TenantKeySlots,
  wanted: ReadonlySet<string>,
  { before, newKey }: { readonly before: TenantKeySlots; readonly newKey: () => Uint8Array },
): PlannedKeys {
  const slots = new Map(Object.entries(stored))
  for (const [namespace, key] of Object.entries(before))
    if (isKey(key) && !slots.has(namespace)) slots.set(namespace, key)
  const missing = [...wanted].filter((namespace) => !slots.has(namespace)).toSorted()
  const room = Math.max(0, maxSlots - slots.size)
  for (const namespace of missing.slice(0, room)) slots.set(namespace, Buffer.from(newKey()).toString('base64'))
  return {
    slots: Object.fromEntries([...slots].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    isNew: slots.size > Object.keys(stored).length,
    damaged: [...slots].flatMap(([namespace, key]) => (isKey(key) ? [] : [namespace])).toSorted(),
    left: missing.slice(room),
  }
}

export class TenantKeySecret {
  readonly #deps: TenantKeyDeps
  #found: Secret | undefined
  #readMs = Number.NEGATIVE_INFINITY
  #before: TenantKeySlots = {}
  #told = ''

  constructor(deps: TenantKeyDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when each namespace has its slot: to be awaited before a bundle is published that may need it. False: something is
   * wrong that people have been told of, and gateways refuse what needs the key; everything else may go on, and it is worth
   * another look later. Throws a KubeError that time may heal, Conflict and AlreadyExists among them.
   */
  async ensure(namespaces: ReadonlySet<string>, signal?: AbortSignal): Promise<boolean> {
    try {
      return await this.#ensure(namespaces, signal)
    } catch (error) {
      this.#readMs = Number.NEGATIVE_INFINITY
      if (!isKubeError(error, 'Forbidden', 'Invalid', 'TooLarge')) throw error
      return this.#tell([`${error.message}; calls that need a new key are refused until that is repaired`])
    }
  }

  async #ensure(namespaces: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<boolean> {
    await this.#read(signal)
    const made = { before: this.#before, newKey: this.#deps.newKey }
    const planned = planTenantKeys(this.#found?.data ?? {}, namespaces, made)
    if (planned.isNew) this.#found = await this.#write(planned.slots)
    this.#before = planned.slots
    return this.#tell(toTroubles(planned, this.#deps.namespace))
  }

  async #read(signal: AbortSignal | undefined): Promise<void> {
    const { store, clock, namespace } = this.#deps
    if (clock.monotonicMs() - this.#readMs < believedMs) return
    this.#found = await store.get(secrets, { namespace, name: tenantKeySecretName }, { signal })
    this.#readMs = clock.monotonicMs()
  }

  async #write(data: TenantKeySlots): Promise<Secret> {
    const { store, namespace } = this.#deps
    const labels = { 'app.kubernetes.io/part-of': 'portcullis' }
    const metadata = { namespace, name: tenantKeySecretName, labels }
    if (this.#found === undefined) return store.create(secrets, { metadata, type: 'Opaque', data })
    const { annotations, labels: others, resourceVersion } = this.#found.metadata
    const kept = { ...metadata, labels: { ...others, ...labels }, ...(annotations && { annotations }) }
    return store.replace(secrets, { metadata: { ...kept, resourceVersion }, type: 'Opaque', data })
  }

  #tell(troubles: readonly string[]): boolean {
    const told = troubles.join('\n')
    if (told !== this.#told) this.#deps.onTrouble(troubles, this.#found)
    this.#told = told
    return troubles.length === 0
  }
}

function isKey(base64: string): boolean {
  return Buffer.from(base64, 'base64').length === keyBytes
}

function toTroubles({ damaged, left }: PlannedKeys, platform: string): readonly string[] {
  const secret = `Secret ${platform}/${tenantKeySecretName}`
  const troubles = damaged.map(
    (namespace) =>
      `slot "${namespace}" of ${secret} does not hold a key of ${keyBytes} bytes, so calls of that namespace that need it are ` +
      'refused; put the key back from a backup, or remove the slot to have another key made (tokens made before match no more)',
  )
  const [first] = left
  if (first === undefined) return troubles
  const full =
    `${secret} holds ${maxSlots} slots and no more fit, so ${left.length} namespaces have no key, "${first}" among them; remove ` +
    `slots of namespaces that never come back (admission policy ${tenantKeySecretName} must be off for that)`
  return [...troubles, full]
}
