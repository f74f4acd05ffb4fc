// The keys under which pseudonyms and hashes are made, one for each tenant; the tenant is the namespace of the connection. The
// operator makes a key once and never another one, so the same value has the same token on every replica and after every restart.
import { SecretStore } from '../secret-store.ts'

export const tenantKeySecretName = 'portcullis-tenant-keys'
/** As HMAC-SHA256 wants it: shorter is weaker, longer is hashed first. */
export const tenantKeyBytes = 32

export interface TenantKeys {
  /**
   * Undefined: there is none, or what stands there is no key; a call that needs it must be refused. The same object as long as
   * the Secret stays as it is, so that whatever is made of it may be kept by it.
   */
  readonly get: (namespace: string) => Uint8Array | undefined
}

export type TenantKeyStore = SecretStore<Uint8Array>

/** A slot of another length is damaged: tokens made with what is left of it would be guessable. */
export function makeTenantKeyStore(): TenantKeyStore {
  return new SecretStore<Uint8Array>({
    name: tenantKeySecretName,
    parse: (bytes) => (bytes.length === tenantKeyBytes ? bytes : undefined),
  })
}
