// Cases of ipv6.ts.
import type { DetectorCases } from './cases.ts'

export const ipv6Cases: DetectorCases = {
  positives: [
    '«2001:db8:0:0:8a2e:370:7334:1» is',
    'host «2001:db8::8a2e:370:7334» up',
    '«fe80::1ff:fe23:4567:890a»',
    '[«2001:db8::1»]:443',
  ],
  negatives: ['::1', '12:30:45', 'std::vector', 'a::b', '00:1a:2b:3c:4d:5e', '0:0:0:0:0:0:0:0'],
  evasions: ['short «2001:db8::»', '«2001:\u200bdb8::1»', '«2001:db8::\uff11»'],
  missed: ['2001-db8--1.ipv6-literal.net'],
}
