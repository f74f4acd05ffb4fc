// Whether text is an IP address of version 4 or 6, a MAC address worth hiding. Broadcast, unspecified and loopback addresses name nobody.

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const version4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)

/** A dotted quad that names a host: not 0.x, not loopback, not multicast or above, and no mask such as 255.255.255.0. */
export function isIpv4(candidate: string): boolean {
  if (!version4.test(candidate)) return false
  const first = Number(candidate.slice(0, candidate.indexOf('.')))
  return first !== 0 && first !== 127 && first < 224
}

/** Groups of a written half, or undefined where one of them is no group of up to four hexadecimal digits. */
function groupsOf(half: string): number | undefined {
  if (half === '') return 0
  const groups = half.split(':')
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups.length : undefined
}

/** RFC 4291 text: eight groups, or fewer with one `::`; a dotted quad may stand for the last two. */
export function isIpv6(candidate: string): boolean {
  if (candidate.indexOf('::') !== candidate.lastIndexOf('::')) return false
  const quad = candidate.slice(candidate.lastIndexOf(':') + 1)
  const isMixed = quad.includes('.')
  if (isMixed && !version4.test(quad)) return false
  const text = isMixed ? `${candidate.slice(0, candidate.length - quad.length)}0:0` : candidate
  const halves = text.split('::')
  const counts = halves.map(groupsOf)
  if (counts.includes(undefined)) return false
  const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  if (halves.length === 1) return total === 8 && /[1-9a-f]/i.test(text)
  // Two groups and more: `a::b` of a C++ name or `::1` of this host are no finds.
  return total <= 7 && total >= 2 && /\d/.test(text)
}

/** Six octets that are neither all zero nor broadcast. */
export function isMac(candidate: string): boolean {
  const digits = candidate.replaceAll(/[^0-9a-f]/gi, '').toLowerCase()
  return digits.length === 12 && digits !== '0'.repeat(12) && digits !== 'f'.repeat(12)
}
