// Kubernetes' ip and cidr libraries.
import type { ConstantCheck, Declaration, Library } from '../check/signature.ts'
import { fail } from '../failure.ts'
import type { Address } from './address.ts'
import { contains, containsNetwork, kinds, mask, parseAddress, parseNetwork } from './address.ts'
import type { Network } from './address.ts'

const ip = (text: string): Address => parseAddress(text) ?? fail('conversion')
const cidr = (text: string): Network => parseNetwork(text) ?? fail('conversion')

const ipCheck: ConstantCheck = {
  index: 0,
  what: 'IP address',
  check: (value) => (typeof value === 'string' && parseAddress(value) === undefined ? 'not valid' : undefined),
}

const cidrCheck: ConstantCheck = {
  index: 0,
  what: 'network (CIDR)',
  check: (value) => (typeof value === 'string' && parseNetwork(value) === undefined ? 'not valid' : undefined),
}

export const network: Library = {
  global: [
    ['ip(string): net.IP', ip, ipCheck],
    ['isIP(string): bool', (text: string) => parseAddress(text) !== undefined],
    ['ip.isCanonical(string): bool', (text: string) => ip(text).toText() === text],
    ['string(net.IP): string', (address: Address) => address.toText()],
    ['cidr(string): net.CIDR', cidr, cidrCheck],
    ['isCIDR(string): bool', (text: string) => parseNetwork(text) !== undefined],
    ['string(net.CIDR): string', (net: Network) => net.toText()],
  ],
  member: [
    ['net.IP.family(): int', ({ width }: Address) => (width === 32 ? 4 : 6)],
    ...Object.entries(kinds).map(([name, test]): Declaration => [`net.IP.${name}(): bool`, test]),
    ['net.CIDR.containsIP(net.IP): bool', contains],
    ['net.CIDR.containsIP(string): bool', (net: Network, text: string) => contains(net, ip(text))],
    ['net.CIDR.containsCIDR(net.CIDR): bool', containsNetwork],
    ['net.CIDR.containsCIDR(string): bool', (net: Network, text: string) => containsNetwork(net, cidr(text))],
    ['net.CIDR.ip(): net.IP', ({ address }: Network) => address],
    ['net.CIDR.masked(): net.CIDR', mask],
    ['net.CIDR.prefixLength(): int', ({ prefix }: Network) => prefix],
  ],
}
