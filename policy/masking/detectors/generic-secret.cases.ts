// Cases of generic-secret.ts.
import type { DetectorCases } from './cases.ts'
import { alphabets, token } from './cases.ts'

export const genericSecretCases: DetectorCases = {
  positives: [
    `«api_key=${token('', 32)}»`,
    `MY_«SECRET: ${token('', 24, alphabets.hex)}»`,
    `«token => ${token('', 20)}»`,
    `«token==${token('', 20)}=»`,
  ],
  negatives: [
    'token: undefined',
    'secret = changeme',
    'api_key: <your-key>',
    'token: aaaaaaaaaaaa',
    'tokens: 1024',
    'token=token=token=token=token=',
    'secret: https://vault.example.com',
  ],
  evasions: [`«Api-Key : ${token('', 32)}»`, `«apikey := ${token('', 32)}»`, `«api_\u200bkey=${token('', 32)}»`],
  // The first characters of a value are none of those that assign it: `token=token=` again and again would take endless work.
  missed: [`my key, ${token('', 32)}, stays here`, `token=a=${token('', 32)}`],
}
