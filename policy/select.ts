// Which policies speak about a connection, and about a caller. Selection of connections happens when a bundle is compiled, so
// that a call never pays for policies that do not concern it.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { BundleConnection, BundlePolicy } from './bundle.ts'
import type { Identity } from './model.ts'

type Selector = NonNullable<InferencePolicySpec['targetSelector']>
export type Subject = NonNullable<InferencePolicySpec['subjects']>[number]

/** A policy selects in its own namespace; a baseline, which stands in the platform's, by namespace alone or all. */
export function selectsConnection(policy: BundlePolicy, connection: BundleConnection): boolean {
  const { targetNamespaces, targetRefs, targetSelector } = policy.spec
  if (targetNamespaces !== undefined) {
    if (!policy.baseline) return false
    return targetNamespaces.mode === 'All' || (targetNamespaces.names ?? []).includes(connection.ref.namespace)
  }
  if (policy.ref.namespace !== connection.ref.namespace) return false
  if (targetRefs !== undefined) return targetRefs.some((target) => target.name === connection.ref.name)
  return targetSelector !== undefined && matchesLabels(targetSelector, connection.labels)
}

export function matchesLabels(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {})
  if (!exact.every(([key, value]) => labelOf(labels, key) === value)) return false
  return (selector.matchExpressions ?? []).every((requirement) => {
    const value = labelOf(labels, requirement.key)
    const values = requirement.values ?? []
    switch (requirement.operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
    }
  })
}

/** The declared half of a subject; its `when` is CEL and compiled elsewhere. Every field that is present must match. */
export function matchesSubject(subject: Subject, identity: Identity): boolean {
  if (subject.issuer !== undefined && subject.issuer !== identity.issuer) return false
  if (subject.user !== undefined && subject.user !== identity.username) return false
  if (subject.group !== undefined && !identity.groups.includes(subject.group)) return false
  if (subject.serviceAccount !== undefined && !isServiceAccount(subject.serviceAccount, identity)) return false
  return (subject.scopes ?? []).every((scope) => identity.scopes.includes(scope))
}

type ServiceAccount = NonNullable<Subject['serviceAccount']>

function isServiceAccount({ namespace, name }: ServiceAccount, identity: Identity): boolean {
  return identity.kind === 'ServiceAccount' && identity.subject === `system:serviceaccount:${namespace}:${name}`
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
