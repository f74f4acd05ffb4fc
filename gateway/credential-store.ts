// The credentials toward the models, by slot: the texts that upstream/credentials.ts puts into headers.
import { SecretStore } from './secret-store.ts'

export const credentialSecretName = 'portcullis-credentials'

export type CredentialStore = SecretStore<string>

export function makeCredentialStore(): CredentialStore {
  return new SecretStore({ name: credentialSecretName, parse: toText })
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
