// Addresses of Bitcoin, Litecoin and Ethereum. bech32 is verified; base58check and Ethereum's case need hashes that are not here: structure decides.
import type { Detector } from '../detector.ts'
import { isWallet } from '../verifiers/wallet.ts'

export const cryptoWallet: Detector = {
  name: 'crypto-wallet',
  class: 'PII',
  pattern: String.raw`\b(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|(?i:bc1|tb1|ltc1)[02-9ac-hj-np-zAC-HJ-NP-Z]{11,71}|0[xX][0-9a-fA-F]{40})\b`,
  verify: isWallet,
  maxLength: 76,
}
