// Kubernetes' quantities: "1.5Gi", "250m", "1e3". Kept as an exact fraction of a power of ten, rounded up to nano as Kubernetes does.
import type { Library } from '../check/signature.ts'
import { fail } from '../failure.ts'
import type { DoubleValue, Int } from '../values/box.ts'
import { Opaque, toDouble } from '../values/box.ts'
import { toInt } from '../values/integer.ts'

const nano = 1_000_000_000n
const maxInt = 2n ** 63n - 1n

class Quantity extends Opaque {
  override readonly typeName = 'kubernetes.Quantity'
  readonly nanos: bigint
  constructor(nanos: bigint) {
    super()
    this.nanos = nanos
  }

  override equals(other: Opaque): boolean {
    return other instanceof Quantity && other.nanos === this.nanos
  }

  override toText(): string {
    const magnitude = this.nanos < 0n ? -this.nanos : this.nanos
    const fraction = String(magnitude % nano)
      .padStart(9, '0')
      .replace(/0+$/u, '')
    return `${this.nanos < 0n ? '-' : ''}${magnitude / nano}${fraction === '' ? '' : `.${fraction}`}`
  }
}

const suffixNanos: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1000n,
  m: 1_000_000n,
  '': nano,
  k: nano * 1000n,
  M: nano * 1000n ** 2n,
  G: nano * 1000n ** 3n,
  T: nano * 1000n ** 4n,
  P: nano * 1000n ** 5n,
  E: nano * 1000n ** 6n,
  Ki: nano * 1024n,
  Mi: nano * 1024n ** 2n,
  Gi: nano * 1024n ** 3n,
  Ti: nano * 1024n ** 4n,
  Pi: nano * 1024n ** 5n,
  Ei: nano * 1024n ** 6n,
}

const shape = /^([+-]?)(\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/u

function parseQuantity(text: string): Quantity | undefined {
  const match = shape.exec(text)
  if (match === null) return undefined
  const [, sign, digits = '', power, suffix = ''] = match
  const [whole = '', fraction = ''] = digits.split('.')
  const exponent = Number(power ?? 0) - fraction.length
  const scaled = BigInt(`${whole}${fraction}`) * (suffixNanos[suffix] ?? nano)
  const nanos = exponent >= 0 ? scaled * 10n ** BigInt(exponent) : divideUp(scaled, 10n ** BigInt(-exponent))
  return new Quantity(sign === '-' ? -nanos : nanos)
}

function divideUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}

function asInteger({ nanos }: Quantity): Int {
  return nanos % nano === 0n ? toInt(nanos / nano) : fail('conversion')
}

function isInteger({ nanos }: Quantity): boolean {
  const whole = nanos / nano
  return nanos % nano === 0n && whole <= maxInt && whole >= -maxInt - 1n
}

function signOf(nanos: bigint): number {
  return nanos > 0n ? 1 : nanos < 0n ? -1 : 0
}

const toNanos = (value: Int): bigint => BigInt(value) * nano

export const quantity: Library = {
  global: [
    [
      'quantity(string): kubernetes.Quantity',
      (text: string) => parseQuantity(text) ?? fail('conversion'),
      {
        index: 0,
        what: 'quantity',
        check: (value) => (typeof value === 'string' && parseQuantity(value) === undefined ? 'not valid' : undefined),
      },
    ],
    ['isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined],
  ],
  member: [
    ['kubernetes.Quantity.isInteger(): bool', isInteger],
    ['kubernetes.Quantity.asInteger(): int', asInteger],
    [
      'kubernetes.Quantity.asApproximateFloat(): double',
      ({ nanos }: Quantity): DoubleValue => toDouble(Number(nanos) / 1e9),
    ],
    ['kubernetes.Quantity.sign(): int', ({ nanos }: Quantity) => signOf(nanos)],
    [
      'kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos),
    ],
    ['kubernetes.Quantity.add(int): kubernetes.Quantity', (a: Quantity, b: Int) => new Quantity(a.nanos + toNanos(b))],
    [
      'kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity',
      (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos),
    ],
    ['kubernetes.Quantity.sub(int): kubernetes.Quantity', (a: Quantity, b: Int) => new Quantity(a.nanos - toNanos(b))],
    [
      'kubernetes.Quantity.compareTo(kubernetes.Quantity): int',
      (a: Quantity, b: Quantity) => signOf(a.nanos - b.nanos),
    ],
    ['kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool', (a: Quantity, b: Quantity) => a.nanos > b.nanos],
    ['kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool', (a: Quantity, b: Quantity) => a.nanos < b.nanos],
  ],
}
