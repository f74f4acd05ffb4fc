// What may be taken out of a referenced object: a credential that a header can carry, a CA that is certificates and nothing else, the
// terms of a dictionary.
// Problems never repeat what stood there.
import { X509Certificate } from 'node:crypto'
import { dictionaryLimits } from '../../policy/masking/dictionary.ts'

export type Content<T = string> = { readonly value: T } | { readonly problem: string }

const maxCredentialLength = 16_384
/** Printable ASCII without blanks at either end, as the gateway demands before it sends one. */
const sendable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/u

/** One newline at the end is forgiven: editors and `kubectl create secret --from-file` leave it there. */
export function toCredential(text: string): Content {
  const value = text.replace(/\r?\n$/u, '')
  if (value === '') return { problem: 'is empty' }
  if (value.length > maxCredentialLength) return { problem: `is longer than ${maxCredentialLength} characters` }
  return sendable.test(value)
    ? { value }
    : { problem: 'has blanks at its ends, or characters that no header may carry' }
}

const maxCaLength = 65_536
const certificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/gu

/** Only the certificates are passed on, because they are published in a ConfigMap; a private key beside them is refused loudly. */
export function toCa(text: string): Content {
  if (text.length > maxCaLength) return { problem: `is longer than ${maxCaLength} characters` }
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/u.test(text)) {
    return { problem: 'holds a private key; put the CA certificates alone under this key' }
  }
  const found = text.match(certificate) ?? []
  if (found.length === 0) return { problem: 'holds no PEM certificate' }
  return found.every(isCertificate)
    ? { value: `${found.join('\n')}\n` }
    : { problem: 'holds a certificate that cannot be read' }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

/** One on each line; blank lines and those that begin with # do not count, neither does the second of two equal ones. */
export function toTerms(text: string): Content<readonly string[]> {
  const { terms: most, length } = dictionaryLimits
  const terms = new Set<string>()
  for (const [i, line] of text.split(/\r\n?|\n/u).entries()) {
    const term = line.trim()
    if (term === '' || term.startsWith('#')) continue
    if (term.length > length) {
      return { problem: `line ${i + 1} is longer than ${length} characters; put one term on each line` }
    }
    terms.add(term)
  }
  if (terms.size === 0) return { problem: 'holds no term; put one on each line' }
  if (terms.size <= most) return { value: [...terms] }
  return { problem: `holds ${terms.size} terms, and ${most} are the most that one dictionary may hold` }
}
