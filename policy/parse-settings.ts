// The platform settings as a document: every mistake at once, by path. A parsed document parses to itself again, so that a
// gateway can check what it was given.
import type { Problem } from './problem.ts'
import { checkIssuersDiffer, readIssuers } from './settings-issuers.ts'
import { isPlainObject, listOf, namesOf, objectOf, optional } from './settings-reader.ts'
import { addressRange, hostname, label, prefix } from './settings-text.ts'
import type { NamespaceGrant, NetworkSettings, ServiceGrant, Settings } from './settings.ts'
import { emptySettings } from './settings.ts'

export type ParsedSettings = { readonly settings: Settings } | { readonly problems: readonly Problem[] }

const serviceGrant = objectOf<ServiceGrant>({ namespace: label, name: optional(label) })

const namespaceGrant = objectOf<NamespaceGrant>({
  namespace: label,
  hostnames: optional(namesOf(hostname, 0, 64)),
  prefixes: optional(namesOf(prefix, 0, 64)),
  services: optional(listOf(serviceGrant, { max: 64, key: (item) => `${item.namespace}/${item.name ?? ''}` })),
})

const document = objectOf<Settings>({
  issuers: readIssuers,
  grants: listOf(namespaceGrant, { max: 1024, key: (grant) => grant.namespace }),
  network: optional(objectOf<NetworkSettings>({ clusterRanges: optional(namesOf(addressRange, 0, 64)) })),
})

/** Everything that is wrong, at once; an absent list is an empty one. */
export function parseSettings(value: unknown): ParsedSettings {
  const problems: Problem[] = []
  const settings = document(isPlainObject(value) ? { ...emptySettings, ...value } : value, { path: '', problems })
  if (settings !== undefined) checkIssuersDiffer(settings.issuers, { path: 'issuers', problems })
  return settings === undefined || problems.length > 0 ? { problems } : { settings }
}
