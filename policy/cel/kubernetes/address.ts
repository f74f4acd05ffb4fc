// IP addresses and networks as Kubernetes' CEL knows them. Addresses are numbers with a width; IPv4 inside of IPv6, zones and
// leading zeros are refused, so that one address has one meaning.
import { Opaque } from '../values/box.ts'

export class Address extends Opaque {
  override readonly typeName = 'net.IP'
  readonly bits: bigint
  readonly width: 32 | 128
  constructor(bits: bigint, width: 32 | 128) {
    super()
    this.bits = bits
    this.width = width
  }

  override equals(other: Opaque): boolean {
    return other instanceof Address && other.width === this.width && other.bits === this.bits
  }

  override toText(): string {
    return this.width === 32 ? textOfV4(this.bits) : textOfV6(this.bits)
  }
}

function textOfV4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.')
}

/** RFC 5952: lower case, the longest run of zero groups shortened, the first of equals, never a single one. */
function textOfV6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_group, index) =>
    ((bits >> BigInt(112 - 16 * index)) & 0xff_ffn).toString(16),
  )
  const zeros = groups.map((group) => (group === '0' ? '0' : 'x')).join('')
  const runs = zeros.match(/0{2,}/gu) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return groups.join(':')
  const start = zeros.indexOf(longest)
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + longest.length).join(':')}`
}

export function parseAddress(text: string): Address | undefined {
  if (text.length > 45) return undefined
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/u.test(part) && Number(part) < 256))
    return undefined
  return new Address(
    parts.reduce((bits, part) => bits * 256n + BigInt(part), 0n),
    32,
  )
}

function parseV6(text: string): Address | undefined {
  if (text.includes('.')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/u.test(group))) return undefined
  return new Address(
    groups.reduce((bits, group) => (bits << 16n) + BigInt(`0x${group}`), 0n),
    128,
  )
}

export class Network extends Opaque {
  override readonly typeName = 'net.CIDR'
  readonly address: Address
  readonly prefix: number
  constructor(address: Address, prefix: number) {
    super()
    this.address = address
    this.prefix = prefix
  }

  override equals(other: Opaque): boolean {
    return other instanceof Network && other.prefix === this.prefix && other.address.equals(this.address)
  }

  override toText(): string {
    return `${this.address.toText()}/${this.prefix}`
  }
}

export function parseNetwork(text: string): Network | undefined {
  const slash = text.lastIndexOf('/')
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash))
  const prefix = text.slice(slash + 1)
  if (address === undefined || !/^(?:0|[1-9]\d{0,2})$/u.test(prefix) || Number(prefix) > address.width) return undefined
  return new Network(address, Number(prefix))
}

function networkBits({ bits, width }: Address, prefix: number): bigint {
  return bits >> BigInt(width - prefix)
}

export function contains(network: Network, address: Address): boolean {
  if (address.width !== network.address.width) return false
  return networkBits(address, network.prefix) === networkBits(network.address, network.prefix)
}

export function containsNetwork(network: Network, inner: Network): boolean {
  return inner.prefix >= network.prefix && contains(network, inner.address)
}

export function mask({ address, prefix }: Network): Network {
  const shift = BigInt(address.width - prefix)
  return new Network(new Address((address.bits >> shift) << shift, address.width), prefix)
}

/** In the first network or, for IPv6, the second. */
function isIn(address: Address, v4: string, v6: string): boolean {
  const network = parseNetwork(address.width === 32 ? v4 : v6)
  return network !== undefined && contains(network, address)
}

export const kinds = {
  isUnspecified: (address: Address): boolean => address.bits === 0n,
  isLoopback: (address: Address): boolean => isIn(address, '127.0.0.0/8', '::1/128'),
  isLinkLocalMulticast: (address: Address): boolean => isIn(address, '224.0.0.0/24', 'ff02::/16'),
  isLinkLocalUnicast: (address: Address): boolean => isIn(address, '169.254.0.0/16', 'fe80::/10'),
  isGlobalUnicast: (address: Address): boolean =>
    address.bits !== 0n &&
    !(address.width === 32 && address.bits === 0xff_ff_ff_ffn) &&
    !isIn(address, '127.0.0.0/8', '::1/128') &&
    !isIn(address, '224.0.0.0/4', 'ff00::/8') &&
    !isIn(address, '169.254.0.0/16', 'fe80::/10'),
}
