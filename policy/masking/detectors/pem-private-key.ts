// Private keys in PEM, also where their line ends are written \n and where the end is cut off.
import type { Detector } from '../detector.ts'

export const pemPrivateKey: Detector = {
  name: 'pem-private-key',
  class: 'Secret',
  pattern: String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\]|Proc-Type:|DEK-Info:|AES-[0-9]{3}-CBC|4,ENCRYPTED|,)*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?`,
  maxLength: 16384,
}
