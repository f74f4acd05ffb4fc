// The vocabulary of judgement, shared by every room: who calls, what is asked, what was decided. Plain immutable data; nothing
// here knows Kubernetes, HTTP or a clock.
import type { Permit } from './permit.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** A declared object at the moment it was compiled. `source` is the commit or URL that a pipeline annotated. */
export interface ObjectRef {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly source?: string
}

export type IdentityKind = 'User' | 'ServiceAccount' | 'Workload'

export interface Identity {
  readonly issuer: string
  readonly subject: string
  readonly username: string
  readonly email: string
  readonly kind: IdentityKind
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  readonly claims: JsonObject
  /** The name the Kubernetes API server knows this person by; absent when no explicit mapping yields one. */
  readonly kubernetesUsername?: string
}

export interface ConnectionFacts {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly protocol: string
}

export interface MessageFacts {
  readonly role: string
  readonly content: string
  readonly name: string
}

export interface ToolFacts {
  readonly type: string
  readonly name: string
  readonly description: string
}

export interface ToolCallFacts {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** What every request shows, whatever its protocol. */
export interface TransportFacts {
  readonly method: string
  readonly path: string
  /** Lower-case names; credentials are removed before facts are made. */
  readonly headers: Readonly<Record<string, string>>
  readonly sourceIP: string
  readonly bytes: number
}

/** What a protocol reads out of a request. Which of these a rule may name is declared per protocol (policy/environment.ts). */
export interface InferenceFacts {
  readonly operation: string
  readonly model: string
  readonly stream: boolean
  readonly prompt: string
  readonly messages: readonly MessageFacts[]
  readonly tools: readonly ToolFacts[]
  readonly toolCalls: readonly ToolCallFacts[]
  readonly parameters: JsonObject
  readonly maxTokens: number
  readonly body: Json
}

export interface Facts {
  readonly identity: Identity
  readonly connection: ConnectionFacts
  readonly request: TransportFacts & Partial<InferenceFacts>
  /** Milliseconds since the epoch, from the gateway's clock. */
  readonly nowMs: number
}

export type DenyReason =
  | 'DeniedByRule'
  | 'NoRuleAllows'
  | 'NoPolicySelectsCaller'
  | 'PolicyInvalid'
  | 'EvaluationFailed'
  | 'ConnectionPaused'
  | 'ConnectionInvalid'

export interface Denied {
  readonly effect: 'Deny'
  readonly reason: DenyReason
  /** `namespace/name` of the policy that denies, where one does. */
  readonly policy?: string
  readonly rule?: string
  /** Written by the policy's author for the caller to read. */
  readonly message?: string
}

export interface Permitted {
  readonly effect: 'Permit'
  readonly permit: Permit
}

export type Decision = Denied | Permitted
