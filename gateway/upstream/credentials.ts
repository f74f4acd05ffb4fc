// The credential toward the model: read from its slot when a call is sent, so that rotation needs no restart, and carried in a
// class that prints, inspects and serialises as nothing.
import { inspect } from 'node:util'
import type { BundleCredential } from '../../policy/bundle.ts'
import { GatewayError } from '../errors.ts'

/** Values by slot; whoever watches the credential Secret swaps them while calls go on. */
export interface CredentialSource {
  readonly get: (slot: string) => string | undefined
}

const hidden = '[credential]'
const maxValueLength = 16_384
/** Printable ASCII without blanks at either end: no header can be split or smuggled by a Secret's content. */
const usable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

export class Credential {
  readonly #name: string
  readonly #value: string

  constructor(name: string, value: string) {
    this.#name = name
    this.#value = value
  }

  get name(): string {
    return this.#name
  }

  /** The only way to the value; called where the header block is made and nowhere else. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [inspect.custom](): string {
    return hidden
  }
}

export function readCredential(source: CredentialSource, declared: BundleCredential): Credential {
  const stored = source.get(declared.slot)
  if (stored === undefined) throw unavailable('is not there yet: check that the Secret exists and may be read')
  const value = trimNewline(stored)
  if (value.length > maxValueLength) throw unavailable(`is longer than ${maxValueLength} characters`)
  if (!usable.test(value))
    throw unavailable('is empty, or has blanks at its ends or characters that no header may carry')
  return new Credential(declared.header, declared.prefix + value)
}

/** `kubectl create secret --from-file` and editors leave one newline behind; more than one is somebody's mistake. */
function trimNewline(value: string): string {
  if (value.endsWith('\r\n')) return value.slice(0, -2)
  return value.endsWith('\n') ? value.slice(0, -1) : value
}

function unavailable(why: string): GatewayError {
  return new GatewayError('credential_unavailable', `The credential of this connection ${why}.`)
}
