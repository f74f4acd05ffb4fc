// The tenant's key at work: HMAC-SHA256 over what the digest is for, the class, and the value, each apart from the next.
import { createHmac } from 'node:crypto'
import type { Keyed } from '../../policy/masking/keyed.ts'

export function toKeyed(key: Uint8Array): Keyed {
  return (purpose, dataClass, text) =>
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, dataClass]))
      .update('\0')
      .update(text)
      .digest()
}
