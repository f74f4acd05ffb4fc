// Proof that a call passed judgement: forwarding asks for one. Only policy/ mints it (lint), and a look-alike fails at run
// time too, because the private field cannot be copied.

/** What was permitted: the connection that may be called, and the policies and rules that allowed it. */
export interface Grant {
  readonly connection: string
  readonly policies: readonly string[]
  readonly rules: readonly string[]
}

class MintedPermit {
  readonly #grant: Grant

  constructor(grant: Grant) {
    this.#grant = grant
  }

  static isOne(value: unknown): value is MintedPermit {
    return typeof value === 'object' && value !== null && #grant in value
  }

  get grant(): Grant {
    return this.#grant
  }

  toJSON(): Grant {
    return this.#grant
  }
}

export type Permit = MintedPermit

export function mintPermit(grant: Grant): Permit {
  return new MintedPermit(grant)
}

export function isPermit(value: unknown): value is Permit {
  return MintedPermit.isOne(value)
}
