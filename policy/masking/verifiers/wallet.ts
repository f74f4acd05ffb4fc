// Whether text is an address or key of a crypto currency. bech32 carries a checksum that needs no hash and is verified; base58check
// and Ethereum's mixed case need SHA-256 and Keccak, which this pure room has not: there alphabet, version and length decide.

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

function polymod(values: readonly number[]): number {
  let check = 1
  for (const value of values) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (const [bit, term] of generator.entries()) if (((top >>> bit) & 1) === 1) check ^= term
  }
  return check >>> 0
}

/** BIP 173 (remainder 1) and BIP 350 (bech32m). */
export function isBech32(candidate: string): boolean {
  const text = candidate.toLowerCase()
  if (text !== candidate && candidate.toUpperCase() !== candidate) return false
  const divider = text.lastIndexOf('1')
  const prefix = text.slice(0, divider)
  const body = text
    .slice(divider + 1)
    .split('')
    .map((letter) => alphabet.indexOf(letter))
  if (divider < 1 || body.length < 6 || body.includes(-1)) return false
  const codes = prefix.split('').map((letter) => letter.charCodeAt(0))
  const remainder = polymod([...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31), ...body])
  return remainder === 1 || remainder === 0x2bc830a3
}

/** Base58 with the three kinds of characters an encoded hash always has: words and numbers are no finds. */
export const isBase58Hash = (candidate: string): boolean =>
  /^[1-9A-HJ-NP-Za-km-z]+$/.test(candidate) &&
  /\d/.test(candidate) &&
  /[A-Z]/.test(candidate) &&
  /[a-z]/.test(candidate)

/** An address of Bitcoin (base58 or bech32), Ethereum and its kin. */
export function isWallet(candidate: string): boolean {
  if (/^0x/i.test(candidate)) return new Set(candidate.slice(2).toLowerCase()).size >= 6
  if (/^(?:bc|tb|ltc)1/i.test(candidate)) return isBech32(candidate)
  return isBase58Hash(candidate)
}
