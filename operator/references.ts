// What our objects name outside themselves (a Secret, a ConfigMap, a Service), and what follows from how that resolved. Pure: the
// reading is done by publish/reference-reader.ts, and no value of a Secret ever comes here.
import type { Finding } from './verdict.ts'

export interface Reference {
  readonly purpose: 'Credential' | 'CA' | 'Service' | 'Dictionary'
  readonly kind: 'Secret' | 'ConfigMap' | 'Service'
  readonly namespace: string
  readonly name: string
  /** In a Secret or ConfigMap. */
  readonly key?: string
  /** Where the spec says so. */
  readonly path: string
}

/** `Pending`: not read yet, or the API server did not answer; nothing is concluded from that. */
export type ReferenceState =
  | { readonly state: 'Found'; readonly caPem?: string; readonly terms?: readonly string[] }
  | { readonly state: 'NotFound' | 'KeyNotFound' | 'NotPermitted' | 'Pending' }
  | { readonly state: 'Invalid'; readonly message: string }

/** What is read: one object's key for one purpose, however many name it. */
export function toReferenceId({ purpose, kind, namespace, name, key = '' }: Reference): string {
  return [purpose, kind, namespace, name, key].join(' ')
}

export interface Reader {
  readonly namespace: string
  readonly serviceAccount: string
}

export interface Judgement {
  /** For the status: the first that does not resolve. */
  readonly unresolved: Finding | undefined
  /** The first that no call may go on without. */
  readonly blocking: Finding | undefined
}

/** `by` is who reads: the operator's ServiceAccount. */
export function judgeReferences(
  references: readonly Reference[],
  stateOf: (reference: Reference) => ReferenceState,
  by: Reader,
): Judgement {
  const judged = references.flatMap((reference) => {
    const state = stateOf(reference)
    const finding = judgeReference(reference, state, by)
    return finding === undefined ? [] : [{ finding, blocks: isNeeded(reference, state) }]
  })
  const blocking = judged.find(({ blocks }) => blocks)?.finding
  const failed = judged.find(({ finding }) => finding.status === 'False') ?? judged[0]
  return { unresolved: blocking ?? failed?.finding, blocking }
}

/** A Service that is not there blocks nothing: it may come at any moment, and until then there is nothing to reach. */
function isNeeded({ purpose }: Reference, { state }: ReferenceState): boolean {
  return purpose !== 'Service' || state === 'Invalid'
}

function judgeReference(reference: Reference, state: ReferenceState, by: Reader): Finding | undefined {
  const { kind, namespace, name, key, path } = reference
  const what = `${kind} ${namespace}/${name}`
  switch (state.state) {
    case 'Found':
      return undefined
    case 'Pending':
      return { status: 'Unknown', reason: 'Pending', message: `${path}: ${what} has not been read yet` }
    case 'NotFound':
      return {
        status: 'False',
        reason: 'RefNotFound',
        message: `${path}: ${what} does not exist; create it, or correct the name`,
      }
    case 'KeyNotFound':
      return {
        status: 'False',
        reason: 'RefNotFound',
        message: `${path}: ${what} has no key "${key ?? ''}"; add it, or name another one in ${path}.key`,
      }
    case 'NotPermitted':
      return {
        status: 'False',
        reason: 'RefNotPermitted',
        message: `${path}: Portcullis may not read ${what}. Somebody who may grant that applies:\n${toGrantYaml(reference, by)}`,
      }
    case 'Invalid':
      return {
        status: 'False',
        reason: 'InvalidRef',
        message: `${path}: ${what}, key "${key ?? ''}": ${state.message}`,
      }
  }
}

/** The smallest right there is: `get` on this one name. config/grants holds the same as a template. */
export function toGrantYaml({ kind, namespace, name }: Reference, by: Reader): string {
  const plural = kind === 'Secret' ? 'secrets' : kind === 'ConfigMap' ? 'configmaps' : 'services'
  const grant = `portcullis-reads-${kind.toLowerCase()}-${name}`.slice(0, 253)
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: {name: ${grant}, namespace: ${namespace}}`,
    'rules:',
    `- {apiGroups: [""], resources: [${plural}], resourceNames: [${name}], verbs: [get]}`,
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: RoleBinding',
    `metadata: {name: ${grant}, namespace: ${namespace}}`,
    `roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${grant}}`,
    'subjects:',
    `- {kind: ServiceAccount, name: ${by.serviceAccount}, namespace: ${by.namespace}}`,
  ].join('\n')
}
