// The tenant's key as the pure core sees it: a function that nobody without the key can work out.

/** What a keyed digest is for; the same value gives unrelated digests for different purposes. */
export type Purpose = 'hash' | 'token' | 'check'

/** At least 32 bytes, equally spread, the same for the same arguments in every process of the tenant. */
export type Keyed = (purpose: Purpose, dataClass: string, text: string) => Uint8Array
