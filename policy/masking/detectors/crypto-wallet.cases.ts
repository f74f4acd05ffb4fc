// Cases of crypto-wallet.ts.
import type { DetectorCases } from './cases.ts'

export const cryptoWalletCases: DetectorCases = {
  positives: [
    '«1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa»',
    '«bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4»',
    '«0x52908400098527886E0F7030069857D2E4169EE7»',
    '«bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0»',
  ],
  negatives: [
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5',
    '0x0000000000000000000000000000000000000000',
    '1111111111111111111111111111',
    '0x52908400098527886E0F7030069857D2E4169EE',
  ],
  evasions: [
    '«bc1qw508d6qejxtdg4y\u200b5r3zarvary0c5xw7kv8f3t4»',
    '«0x5290\u00ad8400098527886E0F7030069857D2E4169EE7»',
    '«BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4»',
    '«1A1zP1\u200beP5QGefi2DMPTfTL5SLmv7DivfNa»',
  ],
  missed: ['0x5290 8400 0985 2788 6E0F 7030 0698 57D2 E416 9EE7'],
}
