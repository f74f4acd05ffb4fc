import { describe, expect, test } from 'vitest'
import { GatewayError } from '../errors.ts'
import { credentialHeaders, maxTokenBytes, readCredential } from './credentials.ts'

describe('readCredential', () => {
  const found: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
    'where the OpenAI SDK puts it': [['Authorization', 'Bearer t'], ['authorization']],
    'where the Anthropic SDK puts it': [['X-Api-Key', 't'], ['x-api-key']],
    'where the Azure SDK puts it': [['api-key', 't'], ['api-key']],
    'where the Google SDK puts it': [['x-goog-api-key', 't'], ['x-goog-api-key']],
    'under a scheme in any case': [['authorization', 'bEARER  t '], ['authorization']],
    'among other headers': [['host', 'a', 'x-request', 'b', 'api-key', 't', 'accept', '*/*'], ['api-key']],
    'in two slots that hold the same': [
      ['authorization', 'Bearer t', 'x-api-key', 't'],
      ['authorization', 'x-api-key'],
    ],
    'in one slot twice when it holds the same': [['x-api-key', 't', 'X-API-Key', 't'], ['x-api-key']],
    'beside a slot that is empty': [
      ['x-api-key', ' ', 'authorization', 'Bearer t'],
      ['x-api-key', 'authorization'],
    ],
    'beside an Authorization that is empty': [
      ['authorization', '', 'api-key', 't'],
      ['authorization', 'api-key'],
    ],
  }
  for (const [title, [rawHeaders, headers]] of Object.entries(found)) {
    test(`finds a token ${title}`, () => {
      expect(readCredential(rawHeaders)).toEqual({ token: 't', headers })
    })
  }

  const long = 'a'.repeat(maxTokenBytes + 1)
  const refused: Readonly<Record<string, readonly [readonly string[], string]>> = {
    'no headers at all': [[], 'credentials_missing'],
    'no slot with a token': [['host', 'a', 'cookie', 'token=t'], 'credentials_missing'],
    'an empty bearer token': [['authorization', 'Bearer '], 'credentials_missing'],
    'the word Bearer alone': [['authorization', 'Bearer'], 'credentials_missing'],
    'basic credentials': [['authorization', 'Basic dTpw'], 'token_invalid'],
    'a bare token in Authorization': [['authorization', 'a.b.c'], 'token_invalid'],
    'basic credentials beside a token': [['x-api-key', 't', 'authorization', 'Basic dTpw'], 'token_invalid'],
    'two Authorization headers': [['authorization', 'Bearer t', 'Authorization', 'Bearer u'], 'credentials_ambiguous'],
    'two Authorization headers of one token': [
      ['authorization', 'Bearer t', 'authorization', 'Bearer t'],
      'credentials_ambiguous',
    ],
    'an empty Authorization and a full one': [
      ['authorization', '', 'authorization', 'Bearer t'],
      'credentials_ambiguous',
    ],
    'two slots with different tokens': [['authorization', 'Bearer t', 'api-key', 'u'], 'credentials_ambiguous'],
    'one slot twice with different tokens': [['x-api-key', 't', 'x-api-key', 'u'], 'credentials_ambiguous'],
    'an oversized token': [['authorization', `Bearer ${long}`], 'token_invalid'],
  }
  for (const [title, [rawHeaders, code]] of Object.entries(refused)) {
    test(`refuses ${title}`, () => {
      expect(codeOf(() => readCredential(rawHeaders))).toBe(code)
    })
  }
})

test('a token of the greatest length is read', () => {
  const token = 'a'.repeat(maxTokenBytes)
  expect(readCredential(['api-key', token]).token).toBe(token)
})

test('the slots are named in lower case', () => {
  expect(credentialHeaders).toEqual(credentialHeaders.map((name) => name.toLowerCase()))
})

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error)
  }
  return 'accepted'
}
