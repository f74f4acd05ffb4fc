// Cases of pem-private-key.ts.
import type { DetectorCases } from './cases.ts'
import { token } from './cases.ts'

export const pemPrivateKeyCases: DetectorCases = {
  positives: [
    `see «-----BEGIN PRIVATE KEY-----\n${token('MII', 64)}\n${token('', 20)}==\n-----END PRIVATE KEY-----» end`,
    `«-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,ABCDEF0123\n\n${token('', 64)}\n-----END RSA PRIVATE KEY-----»`,
    `«-----BEGIN OPENSSH PRIVATE KEY-----\n${token('', 70)}\n-----END OPENSSH PRIVATE KEY-----»`,
  ],
  negatives: [
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
    'BEGIN PRIVATE KEY',
  ],
  evasions: [
    `line ends as text «-----BEGIN EC PRIVATE KEY-----\\n${token('', 64)}\\n-----END EC PRIVATE KEY-----»`,
    `cut off «-----BEGIN PRIVATE KEY-----\n${token('MII', 64)}»`,
    `«-----BEGIN\u200b PRIVATE KEY-----\n${token('MII', 64)}\n-----END PRIVATE KEY-----»`,
  ],
  missed: [`the body alone ${token('MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 200)}`],
}
