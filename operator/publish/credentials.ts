// The one Secret with every credential that gateways may need, a slot each. New slots are written before the bundle that names them;
// old ones leave when every serving gateway has moved on, so that no call is refused in between. Values are never logged.
import { isDeepStrictEqual } from 'node:util'
import type { Secret } from '../../kube/resource.ts'
import { secrets } from '../../kube/resource.ts'
import type { ResourceStore } from '../../kube/store.ts'

export const credentialSecretName = 'portcullis-credentials'

export interface StoredCredentials {
  /** Absent: there is no such Secret yet. */
  readonly resourceVersion?: string
  /** Base64 by slot, as stored. */
  readonly slots: Readonly<Record<string, string>>
}

export interface CredentialDeps {
  readonly store: Pick<ResourceStore, 'get' | 'create' | 'replace'>
  readonly namespace: string
}

export async function readCredentials(
  { store, namespace }: CredentialDeps,
  signal?: AbortSignal,
): Promise<StoredCredentials> {
  const found = await store.get(secrets, { namespace, name: credentialSecretName }, { signal })
  return found === undefined ? { slots: {} } : toStored(found)
}

export interface WantedCredentials {
  /** Slots that the bundle names. One without a value keeps what is stored. */
  readonly slots: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  /** Whether slots that nothing names any more may still be in use somewhere. */
  readonly keepUnused: boolean
}

/** Pure. */
export function planCredentials(
  stored: StoredCredentials['slots'],
  wanted: WantedCredentials,
): StoredCredentials['slots'] {
  const kept = Object.entries(stored).filter(([slot]) => wanted.keepUnused || wanted.slots.has(slot))
  const read = [...wanted.values].filter(([slot]) => wanted.slots.has(slot))
  const encoded = read.map(([slot, value]) => [slot, Buffer.from(value).toString('base64')] as const)
  return Object.fromEntries([...kept, ...encoded].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Throws Conflict or AlreadyExists when somebody wrote since. */
export async function writeCredentials(
  { store, namespace }: CredentialDeps,
  stored: StoredCredentials,
  slots: StoredCredentials['slots'],
): Promise<StoredCredentials> {
  if (isDeepStrictEqual(slots, stored.slots)) return stored
  const metadata = { namespace, name: credentialSecretName, labels: { 'app.kubernetes.io/part-of': 'portcullis' } }
  const { resourceVersion } = stored
  if (resourceVersion === undefined)
    return toStored(await store.create(secrets, { metadata, type: 'Opaque', data: slots }))
  return toStored(
    await store.replace(secrets, { metadata: { ...metadata, resourceVersion }, type: 'Opaque', data: slots }),
  )
}

function toStored({ metadata, data }: Secret): StoredCredentials {
  return { resourceVersion: metadata.resourceVersion, slots: data ?? {} }
}
