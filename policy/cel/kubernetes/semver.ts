// Kubernetes' semver library: versions of semver.org 2.0.0, on request with a leading `v` and missing parts.
import type { Library } from '../check/signature.ts'
import { fail } from '../failure.ts'
import type { Int } from '../values/box.ts'
import { Opaque } from '../values/box.ts'

class Version extends Opaque {
  override readonly typeName = 'kubernetes.Semver'
  readonly numbers: readonly number[]
  readonly pre: readonly string[]
  readonly build: string
  constructor(numbers: readonly number[], pre: readonly string[], build: string) {
    super()
    this.numbers = numbers
    this.pre = pre
    this.build = build
  }

  override equals(other: Opaque): boolean {
    return other instanceof Version && compareVersions(this, other) === 0
  }

  override toText(): string {
    const pre = this.pre.length === 0 ? '' : `-${this.pre.join('.')}`
    return `${this.numbers.join('.')}${pre}${this.build === '' ? '' : `+${this.build}`}`
  }
}

const number = String.raw`(0|[1-9]\d{0,14})`
const shape = new RegExp(
  String.raw`^${number}\.${number}\.${number}(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$`,
  'u',
)

function parseVersion(text: string): Version | undefined {
  const match = text.length > 256 ? null : shape.exec(text)
  if (match === null) return undefined
  const pre = match[4]?.split('.') ?? []
  if (pre.some((part) => /^0\d+$/u.test(part))) return undefined
  return new Version(match.slice(1, 4).map(Number), pre, match[5] ?? '')
}

/** "v1.2" becomes "1.2.0"; leading zeros of the three numbers go. */
function normalize(text: string): string {
  const match = /^v?([\d.]+)(.*)$/su.exec(text)
  if (match === null || text.length > 256) return text
  const [, numbers = '', rest = ''] = match
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/u, ''))
  while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest
}

function compareVersions(a: Version, b: Version): number {
  for (const [index, part] of a.numbers.entries()) {
    const order = part - (b.numbers[index] ?? 0)
    if (order !== 0) return Math.sign(order)
  }
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length)
  return comparePre(a.pre, b.pre)
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const order = comparePart(part, other)
    if (order !== 0) return order
  }
  return a.length < b.length ? -1 : 0
}

function comparePart(a: string, b: string): number {
  const [left, right] = [a, b].map((part) => (/^\d+$/u.test(part) ? BigInt(part) : undefined))
  if (left !== undefined && right !== undefined) return left < right ? -1 : left > right ? 1 : 0
  if (left !== undefined || right !== undefined) return left === undefined ? 1 : -1
  return a < b ? -1 : a > b ? 1 : 0
}

const read = (text: string, lenient: boolean): Version | undefined => parseVersion(lenient ? normalize(text) : text)

export const semver: Library = {
  global: [
    ['semver(string): kubernetes.Semver', (text: string) => parseVersion(text) ?? fail('conversion')],
    [
      'semver(string, bool): kubernetes.Semver',
      (text: string, lenient: boolean) => read(text, lenient) ?? fail('conversion'),
    ],
    ['isSemver(string): bool', (text: string) => parseVersion(text) !== undefined],
    ['isSemver(string, bool): bool', (text: string, lenient: boolean) => read(text, lenient) !== undefined],
  ],
  member: [
    ['kubernetes.Semver.major(): int', ({ numbers }: Version): Int => numbers[0] ?? 0],
    ['kubernetes.Semver.minor(): int', ({ numbers }: Version): Int => numbers[1] ?? 0],
    ['kubernetes.Semver.patch(): int', ({ numbers }: Version): Int => numbers[2] ?? 0],
    ['kubernetes.Semver.compareTo(kubernetes.Semver): int', compareVersions],
    ['kubernetes.Semver.isGreaterThan(kubernetes.Semver): bool', (a: Version, b: Version) => compareVersions(a, b) > 0],
    ['kubernetes.Semver.isLessThan(kubernetes.Semver): bool', (a: Version, b: Version) => compareVersions(a, b) < 0],
  ],
}
