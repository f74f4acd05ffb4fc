import { describe, expect, it } from 'vitest'
import type { DenyReason } from '../policy/model.ts'
import { RecordedReply } from '../test/helpers/upstream-call.ts'
import { GatewayError, errorCodes, toErrorRow } from './errors.ts'
import { renderOpenAIError } from './protocols/openai/error.ts'
import {
  sendRefusal,
  toAnswerDenial,
  toDenial,
  toDenialCode,
  toGatewayError,
  toLimitDenial,
  toRefusal,
} from './reply.ts'

describe('a refusal', () => {
  it.each(errorCodes)('%s has its status, its type and its length', (code) => {
    const reply = new RecordedReply()
    const bytes = sendRefusal(reply, toRefusal(new GatewayError(code, 'Why.')), {
      renderError: renderOpenAIError,
      headers: { 'x-portcullis-session': 's' },
    })
    expect(reply.status).toBe(toErrorRow(code).status)
    expect(reply.headers).toMatchObject({ 'content-length': String(bytes), 'x-portcullis-session': 's' })
    expect(reply.headers['www-authenticate']).toBe(reply.status === 401 ? 'Bearer' : undefined)
    expect(reply.bytes).toBe(bytes)
    expect(reply.ended).toBe(true)
    expect(JSON.parse(reply.text)).toEqual({
      error: { message: 'Why.', type: expect.stringMatching(/_error$/u), param: null, code },
    })
  })

  it('of whatever was thrown says nothing of it', () => {
    for (const thrown of [new Error('canary'), 'canary', { canary: 1 }, undefined]) {
      const error = toGatewayError(thrown)
      expect([error.code, error.message.includes('canary')]).toEqual(['internal', false])
    }
    const own = new GatewayError('bad_request', 'x')
    expect(toGatewayError(own)).toBe(own)
  })
})

describe('a denial', () => {
  it.each<[DenyReason, number, string]>([
    ['DeniedByRule', 403, 'policy_denied'],
    ['NoRuleAllows', 403, 'policy_denied'],
    ['NoPolicySelectsCaller', 403, 'policy_denied'],
    ['PolicyInvalid', 503, 'policy_unavailable'],
    ['RiskTooHigh', 403, 'policy_denied'],
    ['LimitExceeded', 429, 'limit_exceeded'],
    ['LimitUnavailable', 503, 'limit_unavailable'],
    ['EvaluationFailed', 403, 'policy_denied'],
    ['ConnectionPaused', 503, 'connection_paused'],
    ['ConnectionInvalid', 503, 'policy_unavailable'],
  ])('%s is %i %s', (reason, status, code) => {
    expect(toDenial({ effect: 'Deny', reason })).toMatchObject({ status, code })
    expect(toDenialCode({ effect: 'Deny', reason })).toBe(code)
  })

  it('by a rule has the words of its author, and names policy and rule; no other has words from outside', () => {
    const place = { policy: 'team-a/p', rule: 'r' }
    expect(toDenial({ effect: 'Deny', reason: 'DeniedByRule', message: 'Ask us.', ...place })).toMatchObject({
      message: 'Ask us.',
      ...place,
    })
    expect(toDenial({ effect: 'Deny', reason: 'ConnectionInvalid', message: 'canary' }).message).not.toContain('canary')
    expect(toDenial({ effect: 'Deny', reason: 'EvaluationFailed', policy: 'team-a/p', rule: '' })).not.toHaveProperty(
      'rule',
    )
  })
})

describe('a denial of an answer', () => {
  it.each<[DenyReason, string]>([
    ['DeniedByRule', 'Ask us.'],
    ['EvaluationFailed', 'A rule could not be evaluated on the answer, so it is withheld.'],
  ])('%s is 403 response_denied, with its place', (reason, message) => {
    const denied = {
      effect: 'Deny' as const,
      reason,
      policy: 'team-a/p',
      rule: 'r',
      ...(reason === 'DeniedByRule' ? { message } : {}),
    }
    expect(toAnswerDenial(denied)).toEqual({
      status: 403,
      code: 'response_denied',
      message,
      policy: 'team-a/p',
      rule: 'r',
    })
  })
})

it.each([
  [7, undefined],
  [60, undefined],
  [61, 'false'],
])('a limit says to come again in %i s, and SDKs that it is too long to wait: %s', (retryAfterSeconds, shouldRetry) => {
  const denied = { effect: 'Deny' as const, reason: 'LimitExceeded' as const, policy: 'team-a/p', rule: 'tokens' }
  const reply = new RecordedReply()
  sendRefusal(reply, toLimitDenial({ denied, retryAfterSeconds }), { renderError: renderOpenAIError, headers: {} })
  expect([reply.status, reply.headers['retry-after']]).toEqual([429, String(retryAfterSeconds)])
  expect(reply.headers['x-should-retry']).toBe(shouldRetry)
  expect(toLimitDenial({ denied })).not.toHaveProperty('retryAfterSeconds')
})
