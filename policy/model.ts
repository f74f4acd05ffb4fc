// The vocabulary of judgement, shared by every room: who calls, what is asked, what was decided. Plain immutable data; nothing
// here knows Kubernetes, HTTP or a clock.
import type { CompiledClass } from './masking/demand.ts'
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
  /** As text: for protocols that carry a value, its JSON. */
  readonly arguments: string
  /** The arguments as a value; null where they are not JSON. */
  readonly input: Json
}

/** One tensor of a request or response. */
export interface TensorFacts {
  readonly name: string
  /** As the protocol writes it: `BYTES`, `FP32`, `INT64` ... */
  readonly datatype: string
  readonly shape: readonly number[]
  /** How many values there are. */
  readonly elements: number
  readonly bytes: number
  /** The values of a tensor of text (BYTES), in order; empty for numbers. */
  readonly text: readonly string[]
}

/** One binary or linked thing: an image, a sound, a document. */
export interface MediaFacts {
  /** The part or field it stands in. */
  readonly name: string
  /** What the caller says it is, in lower case, without parameters; empty when nothing is said. */
  readonly type: string
  /** What its bytes say it is; empty when they are not known here or not at hand. */
  readonly sniffedType: string
  /** 0 for a link. */
  readonly bytes: number
  /** In pixels; 0 where it has none or they are not known. */
  readonly width: number
  readonly height: number
  /** Empty unless it is a link that the model server would fetch. */
  readonly url: string
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
  /** Such as `chat.completions`; the names of each protocol stand in SPEC.md. */
  readonly operation: string
  /** By its public name; empty where the operation names none. */
  readonly model: string
  readonly stream: boolean
  /** All text that a model would read, joined by line feeds. */
  readonly prompt: string
  readonly version?: string
  readonly messages?: readonly MessageFacts[]
  readonly tools?: readonly ToolFacts[]
  readonly toolCalls?: readonly ToolCallFacts[]
  readonly parameters?: JsonObject
  readonly maxTokens?: number
  /** How many answers are asked for at once, each as long as `maxTokens`; absent: one. No variable of rules. */
  readonly choices?: number
  readonly inputs?: readonly TensorFacts[]
  readonly instances?: readonly Json[]
  /** Texts by the name of the field that the connection declares. */
  readonly fields?: Readonly<Record<string, readonly string[]>>
  readonly media?: readonly MediaFacts[]
  /** The body as a value; null where it is not JSON. */
  readonly body: Json
}

/** What a protocol reads out of an answer, whole or so far. */
export interface ResponseFacts {
  readonly status: number
  /** All text of it, every choice and channel, joined by line feeds. */
  readonly text: string
  readonly toolCalls: readonly ToolCallFacts[]
  /** Of the first choice that has one; empty until it is known. */
  readonly finishReason: string
  /** As the model server counts; absent until it tells. */
  readonly usage?: Usage
  readonly outputs?: readonly TensorFacts[]
  readonly fields?: Readonly<Record<string, readonly string[]>>
  /** The body as a value; null for streams and where it is not JSON. */
  readonly body: Json
}

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** What was found of one class in the texts of a request. */
export interface FoundClass {
  readonly count: number
  /** JSON pointers of the places, each once, bounded in number. */
  readonly paths: readonly string[]
}

/** Looks through the texts of the request, as they came. The result has every class that was asked for. */
export type ScanRequest = (classes: readonly CompiledClass[]) => ReadonlyMap<string, FoundClass>

export interface Facts {
  readonly identity: Identity
  readonly connection: ConnectionFacts
  readonly request: TransportFacts & Partial<InferenceFacts> & { readonly inputTokens?: number }
  /** Asked only where a rule asks for `findings`. Absent: nobody can say, so a rule that asks fails. */
  readonly scan?: ScanRequest
  /** Milliseconds since the epoch, from the gateway's clock. */
  readonly nowMs: number
}

export type DenyReason =
  | 'DeniedByRule'
  | 'NoRuleAllows'
  | 'RiskTooHigh'
  | 'LimitExceeded'
  | 'LimitUnavailable'
  | 'NoPolicySelectsCaller'
  | 'PolicyInvalid'
  | 'EvaluationFailed'
  | 'SensitiveData'
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
