// What a ModelConnection names outside itself: a Secret, a CA, a Service.
import type { ModelConnectionSpec } from '../../crds/generated/model-connection.ts'
import type { Reference } from '../references.ts'

export const defaultCredentialKey = 'apiKey'
export const defaultCaKey = 'ca.crt'

export function listReferences(namespace: string, spec: ModelConnectionSpec): readonly Reference[] {
  const found: Reference[] = []
  const { secretRef } = spec.credential ?? {}
  if (secretRef !== undefined) {
    const { name, key = defaultCredentialKey } = secretRef
    found.push({ purpose: 'Credential', kind: 'Secret', namespace, name, key, path: 'spec.credential.secretRef' })
  }
  for (const [i, { service, tls }] of spec.endpoints.entries()) {
    const path = `spec.endpoints[${i}]`
    if (service !== undefined) {
      const target = service.namespace ?? namespace
      found.push({
        purpose: 'Service',
        kind: 'Service',
        namespace: target,
        name: service.name,
        path: `${path}.service`,
      })
    }
    if (tls?.caRef !== undefined) {
      const { kind, name, key = defaultCaKey } = tls.caRef
      found.push({ purpose: 'CA', kind, namespace, name, key, path: `${path}.tls.caRef` })
    }
  }
  return found
}
