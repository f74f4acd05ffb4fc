// Kubernetes' named formats: `format.dns1123Label().validate(name)` gives none, or the list of what is wrong.
import type { Declaration, Library } from '../check/signature.ts'
import type { Optional } from '../values/box.ts'
import { none, Opaque, some } from '../values/box.ts'
import { parseTimestamp, isDay } from '../values/timestamp.ts'

class Format extends Opaque {
  override readonly typeName = 'kubernetes.NamedFormat'
  readonly name: string
  readonly isValid: (text: string) => boolean
  constructor(name: string, isValid: (text: string) => boolean) {
    super()
    this.name = name
    this.isValid = isValid
  }

  override equals(other: Opaque): boolean {
    return other instanceof Format && other.name === this.name
  }

  override toText(): string {
    return this.name
  }
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/u
const label1035 = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/u
const qualifiedPart = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/u
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu
const uri = /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/?#]+|(?=\/))[^\s]*$/u
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => label.test(part))
}

function isQualifiedName(text: string): boolean {
  const parts = text.split('/')
  const name = parts.at(-1) ?? ''
  const hasPrefix = parts.length === 2
  return parts.length <= 2 && qualifiedPart.test(name) && (!hasPrefix || isSubdomain(parts[0] ?? ''))
}

/** A prefix of a generated name may end in a dash. */
const asPrefix =
  (isValid: (text: string) => boolean) =>
  (text: string): boolean =>
    isValid(text.replace(/-$/u, 'a'))

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/u.exec(text)
  return match !== null && isDay(Number(match[1]), Number(match[2]), Number(match[3]))
}

function isTime(text: string): boolean {
  return text.length <= 64 && !text.startsWith('0000') && parseTimestamp(text) !== undefined
}

const tests: Readonly<Record<string, (text: string) => boolean>> = {
  dns1123Label: (text) => label.test(text),
  dns1123Subdomain: isSubdomain,
  dns1035Label: (text) => label1035.test(text),
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: asPrefix((text) => label.test(text)),
  dns1123SubdomainPrefix: asPrefix(isSubdomain),
  dns1035LabelPrefix: asPrefix((text) => label1035.test(text)),
  labelValue: (text) => text === '' || qualifiedPart.test(text),
  uri: (text) => uri.test(text),
  uuid: (text) => uuid.test(text),
  byte: (text) => base64.test(text),
  date: isDate,
  datetime: isTime,
}

const formats = new Map(Object.entries(tests).map(([name, isValid]) => [name, new Format(name, isValid)]))

function validate(format: Format, text: string): Optional {
  return format.isValid(text) ? none : some([`not a valid ${format.name}`])
}

export const format: Library = {
  global: [
    [
      'format.named(string): optional<kubernetes.NamedFormat>',
      (name: string) => {
        const found = formats.get(name)
        return found === undefined ? none : some(found)
      },
    ],
    ...[...formats].map(([name, value]): Declaration => [`format.${name}(): kubernetes.NamedFormat`, () => value]),
  ],
  member: [['kubernetes.NamedFormat.validate(string): optional<list<string>>', validate]],
}
