// What an IP address is: this machine, the link, a cloud's metadata service, the cluster, or the world. Addresses inside others
// (IPv4-mapped, 6to4, NAT64, Teredo ...) are judged by the worst of what they can mean. The operator asks while planning, the
// gateway at every connect.

/** Addresses no connection may reach, and ranges that only in-cluster endpoints may. */
export interface Network {
  /** IP, CIDR, or either with a port that alone is barred. */
  readonly apiServer: readonly string[]
  readonly clusterRanges: readonly string[]
}

export type AddressClass =
  | 'Invalid'
  | 'Metadata'
  | 'ApiServer'
  | 'Loopback'
  | 'Unspecified'
  | 'LinkLocal'
  | 'Multicast'
  | 'Reserved'
  | 'Cluster'
  | 'Private'
  | 'Public'

/** 4 or 16 bytes. */
type Bytes = readonly number[]

interface Range {
  readonly base: Bytes
  readonly bits: number
}

interface Barred {
  readonly range: Range
  readonly port: number | undefined
}

/**
 * Entries of `network.apiServer` are addresses or CIDRs, with a port (`10.0.0.1:6443`, `[fd00::1]:6443`) where only that port
 * is the API server; asked without a port, such an entry bars the whole address.
 */
export function classifyAddress(address: string, network: Network, port?: number): AddressClass {
  const bytes = parseAddress(address)
  if (bytes === undefined) return 'Invalid'
  const all = [bytes, ...toEmbedded(bytes)]
  if (all.some(isMetadata)) return 'Metadata'
  if (all.some((one) => isApiServer(one, network, port))) return 'ApiServer'
  const meanings = all.map(lookUp)
  const worst = order.find((kind) => meanings.includes(kind)) ?? 'Public'
  const inCluster = (one: Bytes): boolean => network.clusterRanges.some((text) => isWithin(one, parseRange(text)))
  return mayBeCluster.has(worst) && all.some(inCluster) ? 'Cluster' : worst
}

/** Clusters do use ranges such as 240.0.0.0/4 for pods; declared as the cluster's, they are. */
const mayBeCluster: ReadonlySet<AddressClass> = new Set(['Private', 'Public', 'Reserved'])

/** Of several meanings, the first one here counts. */
const order: readonly AddressClass[] = ['Loopback', 'Unspecified', 'LinkLocal', 'Multicast', 'Reserved', 'Private']

/** IANA special-purpose registries (RFC 6890 and successors); the first match counts. */
const known: readonly (readonly [AddressClass, Range])[] = toTable([
  ['Loopback', '127.0.0.0/8', '::1/128'],
  ['Unspecified', '0.0.0.0/8', '::/128'],
  ['LinkLocal', '169.254.0.0/16', 'fe80::/10'],
  ['Multicast', '224.0.0.0/4', 'ff00::/8'],
  ['Reserved', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ['Reserved', '203.0.113.0/24', '240.0.0.0/4', '100::/64', '2001:db8::/32', '2001:2::/48', '3fff::/20', '5f00::/16'],
  ['Private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10'],
])

/** AWS, GCP, Azure and most others; AWS over IPv6 (IMDS, DNS, time); GCP over IPv6; Alibaba; Azure's wire server; Oracle. */
const metadata: readonly Range[] = toRanges([
  '169.254.169.253/32',
  '169.254.169.254/32',
  '169.254.170.0/24',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
])

function isMetadata(bytes: Bytes): boolean {
  return metadata.some((range) => isWithin(bytes, range))
}

function isApiServer(bytes: Bytes, network: Network, port: number | undefined): boolean {
  return network.apiServer.some((text) => {
    const barred = parseBarred(text)
    if (barred === undefined || !isWithin(bytes, barred.range)) return false
    return barred.port === undefined || port === undefined || barred.port === port
  })
}

function lookUp(bytes: Bytes): AddressClass {
  return known.find(([, range]) => isWithin(bytes, range))?.[0] ?? 'Public'
}

const transitions = toRanges(['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48'])
const sixToFour = parseRange('2002::/16')
const teredo = parseRange('2001::/32')
const localNat64 = parseRange('64:ff9b:1::/48')

/** IPv4 addresses that an IPv6 address may stand for on its way (RFC 4291, 3056, 4380, 5214, 6052, 6145, 8215). */
function toEmbedded(bytes: Bytes): readonly Bytes[] {
  if (bytes.length === 4) return []
  const last = bytes.slice(12)
  const found: Bytes[] = []
  const isIsatap = bytes[10] === 0x5e && bytes[11] === 0xfe
  if (isIsatap || transitions.some((range) => isWithin(bytes, range))) found.push(last)
  if (isWithin(bytes, sixToFour)) found.push(bytes.slice(2, 6))
  if (isWithin(bytes, teredo))
    found.push(
      bytes.slice(4, 8),
      last.map((byte) => byte ^ 0xff),
    )
  if (isWithin(bytes, localNat64)) found.push([...bytes.slice(6, 8), ...bytes.slice(9, 11)])
  // `::` and `::1` are IPv6's own; as IPv4 they would read 0.0.0.0 and 0.0.0.1.
  return bytes.slice(0, 12).every((byte) => byte === 0) && last[0] === 0 ? [] : found
}

/** Strict: four decimal numbers without leading zeros, or IPv6 without a zone. */
export function parseAddress(text: string): Bytes | undefined {
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text)
}

function parseIPv4(text: string): Bytes | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) return undefined
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function parseIPv6(text: string): Bytes | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => toGroups(half, index === halves.length - 1))
  if (head === undefined) return undefined
  if (halves.length === 1) return head.length === 16 ? head : undefined
  if (tail === undefined || head.length + tail.length > 14) return undefined
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail]
}

function toGroups(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (mayEndInIPv4 && index === groups.length - 1 && group.includes('.')) {
      const inner = parseIPv4(group)
      if (inner === undefined) return undefined
      bytes.push(...inner)
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    } else return undefined
  }
  return bytes
}

/** An address or a CIDR; undefined when it is neither. */
export function parseRange(text: string): Range | undefined {
  const [address = '', bitsText, ...more] = text.split('/')
  const base = parseAddress(address)
  if (base === undefined || more.length > 0) return undefined
  const width = base.length * 8
  if (bitsText === undefined) return { base, bits: width }
  const bits = /^[0-9]{1,3}$/.test(bitsText) ? Number(bitsText) : width + 1
  return bits <= width ? { base, bits } : undefined
}

function parseBarred(text: string): Barred | undefined {
  const withPort = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[0-9.]+)):(?<port>[0-9]{1,5})$/.exec(text)?.groups
  const range = parseRange(withPort?.['v6'] ?? withPort?.['v4'] ?? text)
  const port = withPort?.['port']
  return range === undefined ? undefined : { range, port: port === undefined ? undefined : Number(port) }
}

function isWithin(bytes: Bytes, range: Range | undefined): boolean {
  if (range === undefined || range.base.length !== bytes.length) return false
  for (let i = 0, left = range.bits; left > 0; i += 1, left -= 8) {
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff
    if (((bytes[i] ?? 0) & mask) !== ((range.base[i] ?? 0) & mask)) return false
  }
  return true
}

function toRanges(texts: readonly string[]): readonly Range[] {
  return texts.flatMap((text) => parseRange(text) ?? [])
}

function toTable(rows: readonly (readonly [AddressClass, ...string[]])[]): readonly (readonly [AddressClass, Range])[] {
  return rows.flatMap(([kind, ...texts]) => toRanges(texts).map((range) => [kind, range] as const))
}
