// Cases of ipv4.ts.
import type { DetectorCases } from './cases.ts'

export const ipv4Cases: DetectorCases = {
  positives: ['from «10.1.2.3»', '«203.0.113.9»:8080', 'http://«192.168.7.7»/x'],
  negatives: ['127.0.0.1', '255.255.255.0', '224.0.0.1', '0.0.0.0', '300.1.2.3', '1.2.3'],
  evasions: ['«\uff12\uff10\uff13.0.113.9»', '«203.0\u200b.113.9»', '«203.0.1\u00ad13.9»'],
  missed: ['203[.]0[.]113[.]9', '0xCB007109', '3405803785'],
}
