// Errors as TorchServe writes them, and its clients read them: the status as a number, a kind, a message. The kind is the gateway's
// own code.
import type { Refusal } from '../../refusal.ts'
import type { RenderedError } from '../protocol.ts'

export function renderTorchServeError({ status, code, message, policy, rule }: Refusal): RenderedError {
  const details = { ...(policy === undefined ? {} : { policy }), ...(rule === undefined ? {} : { rule }) }
  return { contentType: 'application/json', body: JSON.stringify({ code: status, type: code, message, ...details }) }
}
