// What is learnt about one call while it goes on, and the record it becomes at the end. Only names, numbers and digests: a
// prompt, a header's value or a token cannot be noted here because nothing takes one.
import type { Revision } from '../policy/bundle.ts'
import { toRevisionText } from '../policy/bundle.ts'
import type { Judgement } from '../policy/evaluate.ts'
import type { RecordedDecision, RecordedResponse, RecordedShadow, SessionRecord } from '../policy/evidence.ts'
import { recordFormat } from '../policy/evidence.ts'
import type { Decision, Denied, Identity, InferenceFacts } from '../policy/model.ts'
import type { CompiledConnection } from '../policy/snapshot.ts'
import type { Replied } from './answer/reading.ts'
import type { MaskedCall } from './masking/call-masks.ts'
import { listWithheld, toRecordedMasks } from './masking/record.ts'
import { renderOpenAIError } from './protocols/openai/error.ts'
import type { ReadRequest, RenderError } from './protocols/protocol.ts'
import type { Refusal } from './refusal.ts'
import type { ReplyForm } from './reply.ts'

export interface SessionDeps {
  readonly newId: () => string
  readonly nowMs: () => number
  /** Never goes backwards. */
  readonly elapsedMs: () => number
  readonly digestCaller: (identity: Identity) => string
  readonly gateway: string
}

const noShadows: readonly (readonly Denied[])[] = []

export class Session {
  readonly id: string
  readonly startedAtMs: number
  readonly #deps: SessionDeps
  readonly #startedMs: number
  readonly #method: string
  #revision = ''
  #renderError: RenderError = renderOpenAIError
  #identity: Identity | undefined
  #connection: CompiledConnection | undefined
  #inference: InferenceFacts | undefined
  #requestBytes = 0
  #decision: RecordedDecision | undefined
  #shadows: readonly (readonly Denied[])[] = noShadows
  /** Read at the end, for an answer is masked while it comes. */
  #masked: MaskedCall | undefined
  #response: RecordedResponse = { status: 0, bytes: 0, outcome: 'Cut', error: 'internal' }

  constructor(deps: SessionDeps, method: string) {
    this.#deps = deps
    this.#method = method
    this.id = deps.newId()
    this.startedAtMs = deps.nowMs()
    this.#startedMs = deps.elapsedMs()
  }

  /** How refusals look: until a protocol is known, as OpenAI's, which most clients read. */
  get form(): ReplyForm {
    return { renderError: this.#renderError, headers: this.replyHeaders }
  }

  /** Sent with every reply. */
  get replyHeaders(): Readonly<Record<string, string>> {
    return { 'x-portcullis-session': this.id, 'x-portcullis-revision': this.#revision }
  }

  get connection(): CompiledConnection | undefined {
    return this.#connection
  }

  judgedBy(revision: Revision): void {
    this.#revision = toRevisionText(revision)
  }

  calledBy(identity: Identity): void {
    this.#identity = identity
  }

  routedTo(connection: CompiledConnection, renderError: RenderError): void {
    this.#connection = connection
    this.#renderError = renderError
  }

  asked(bytes: number, read?: Pick<ReadRequest, 'facts' | 'renderError'>): void {
    this.#requestBytes = bytes
    this.#inference = read?.facts
    this.#renderError = read?.renderError ?? this.#renderError
  }

  judged({ decision, shadow }: Judgement): void {
    this.decided(decision)
    if (shadow.length > 0) this.shadowed(shadow)
  }

  /** By judgement first, and by a limit that refuses what judgement permits. */
  decided(decision: Decision): void {
    this.#decision =
      decision.effect === 'Permit'
        ? { effect: 'Permit', rules: decision.permit.grant.rules }
        : { effect: 'Deny', reason: decision.reason, rules: toDenyingRules(decision) }
  }

  masked(masked: MaskedCall): void {
    this.#masked = masked
    const denied = masked.request.acting?.denied
    if (denied !== undefined) this.decided(denied)
  }

  /** What policies in mode Audit would have refused. Read at the end: a limit may still add to its own while the answer comes. */
  shadowed(shadow: readonly Denied[] | undefined): void {
    if (shadow !== undefined) this.#shadows = [...this.#shadows, shadow]
  }

  /** The gateway answered itself. `denied`: by a rule about the answer. */
  refused({ status, code }: Refusal, bytes: number, denied?: Denied): void {
    this.#response = { status, bytes, outcome: 'Refused', error: code, ...toEndingRule(denied) }
  }

  carried({ status, responseBytes, outcome, error, ending }: Replied): void {
    const code = error?.code ?? ending?.refusal.code
    this.#response = {
      status,
      bytes: responseBytes,
      outcome,
      ...(code === undefined ? {} : { error: code }),
      ...toEndingRule(ending?.denied),
    }
  }

  toRecord(): SessionRecord {
    const identity = this.#identity
    const shadow = [...this.#shadows.flat(), ...listWithheld(this.#masked)].map(toShadow)
    const masked = toRecordedMasks(this.#masked)
    return {
      format: recordFormat,
      session: this.id,
      startedAt: new Date(this.startedAtMs).toISOString(),
      durationMs: Math.round((this.#deps.elapsedMs() - this.#startedMs) * 1000) / 1000,
      gateway: this.#deps.gateway,
      revision: this.#revision,
      ...(identity && {
        caller: { issuer: identity.issuer, kind: identity.kind, subject: this.#deps.digestCaller(identity) },
      }),
      ...(this.#connection && { connection: this.#connection.declared.ref }),
      request: this.#toRequest(),
      ...(this.#decision && { decision: this.#decision }),
      ...(shadow.length > 0 && { shadow }),
      ...(masked.length > 0 && { masked }),
      response: this.#response,
    }
  }

  #toRequest(): SessionRecord['request'] {
    const base = { method: this.#method, bytes: this.#requestBytes }
    if (this.#inference === undefined) return base
    const { operation, stream, model } = this.#inference
    const declared = this.#connection?.models.has(model) === true
    return { ...base, operation, stream, ...(declared ? { model } : {}) }
  }
}

function toShadow({ policy = '', rule = '', reason }: Denied): RecordedShadow {
  return { policy, rule, reason }
}

function toEndingRule(denied: Denied | undefined): Pick<RecordedResponse, 'rule'> {
  const [rule] = denied === undefined ? [] : toDenyingRules(denied)
  return rule === undefined ? {} : { rule }
}

function toDenyingRules({ policy, rule }: Denied): readonly string[] {
  if (policy === undefined) return []
  return [rule === undefined || rule === '' ? policy : `${policy}/${rule}`]
}
