// What an approval is bound to: one document that names everything about a call that people agree to, always in the same letters.
// Its digest stands in the ApprovalRequest; a call with another digest needs another approval, one with the same digest joins.
import type { ApprovalRequestPolicy } from '../../crds/generated/approval-request.ts'
import { type Hash, toCanonicalJson } from '../digest.ts'
import { judgeApproval } from './judge.ts'
import { type ApprovalRecord, type Question, toPolicyKey } from './request.ts'

/** The document's own version: a digest of another form can never equal one of this form. */
const bindingFormat = 'portcullis.dev/approval-binding/v1'

export interface Binding {
  /** Issuer and subject only: groups change between two tokens of one caller. */
  readonly caller: { readonly issuer: string; readonly subject: string }
  readonly connection: {
    readonly namespace: string
    readonly name: string
    readonly uid: string
    readonly generation: number
  }
  readonly operation: string
  /** Absent where the protocol names none. */
  readonly model?: string
  /** Digest of the masked body as it would be sent: what people saw the summary of. */
  readonly bodyDigest: string
  /** Those that demand approval, and no revision of the bundle: an unrelated edit must not void an approval. */
  readonly policies: readonly ApprovalRequestPolicy[]
}

/** Only named fields go in: a field that a caller's object has beyond them must not make another question of it. */
export function toBindingDocument(binding: Binding): string {
  const { caller, connection } = binding
  return toCanonicalJson({
    format: bindingFormat,
    caller: { issuer: caller.issuer, subject: caller.subject },
    connection: {
      namespace: connection.namespace,
      name: connection.name,
      uid: connection.uid,
      generation: connection.generation,
    },
    operation: binding.operation,
    model: binding.model,
    bodyDigest: binding.bodyDigest,
    policies: binding.policies.map(toBoundPolicy).toSorted((a, b) => (toPolicyKey(a) < toPolicyKey(b) ? -1 : 1)),
  })
}

function toBoundPolicy({
  namespace,
  name,
  uid,
  generation,
  rule,
  required,
}: ApprovalRequestPolicy): ApprovalRequestPolicy {
  return { namespace, name, uid, generation, rule, required }
}

/** `keyedHash` is HMAC-SHA-256 under the namespace's key, in lower-case hex; keyed, because short prompts can be guessed. */
export function toQuestionDigest(binding: Binding, keyedHash: Hash): string {
  const hex = keyedHash(toBindingDocument(binding))
  if (!/^[0-9a-f]{64}$/u.test(hex)) throw new TypeError('the keyed hash of a question must be 64 lower-case hex digits')
  return `hmac-sha256:${hex}`
}

/** Whether a call with this digest waits for that request instead of opening its own. */
export function joinsRequest(question: Question, record: ApprovalRecord, digest: string, nowMs: number): boolean {
  if (question.type !== 'Inference' || question.digest !== digest) return false
  const { phase } = judgeApproval(question, record, nowMs)
  return phase === 'Pending' || phase === 'Approved'
}
