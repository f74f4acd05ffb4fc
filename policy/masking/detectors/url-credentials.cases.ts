// Cases of url-credentials.ts.
import type { DetectorCases } from './cases.ts'

export const urlCredentialsCases: DetectorCases = {
  positives: [
    '«postgres://app:s3cr3t@db.example.com»:5432/x',
    '«https://bob:hunter2@example.com»/',
    '«redis://:pa55w0rd@cache»',
  ],
  negatives: ['https://example.com/a:b@c', 'mailto:bob@example.com', 'http://example.com:8080/'],
  evasions: [
    '«postgres://app:s3\u200bcr3t@db.example.com»',
    '«MongoDB+SRV://u:p%40ss@cluster0.example.net»',
    '«https://bob:hunter2\uff20example.com»',
  ],
  missed: ['https://bob:pass/word@example.com'],
}
