// Ways to write what detectors look for, so that a person or a program still reads it and a careless pattern does not.

export interface Spelling {
  readonly title: string
  readonly text: string
  /** What must not be read in it: letters and digits alone. */
  readonly value: string
}

const mail = 'ann.lee@example.com'
const plainMail = 'annleeexamplecom'
const digits = '4111111111111111'
const groups = '4111 1111 1111 1111'

/** The same digits elsewhere in Unicode, from the place of their zero. */
const digitsFrom = (zero: number, text: string): string =>
  text.replaceAll(/\d/gu, (digit) => String.fromCodePoint(zero + Number(digit)))

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const escapes = (text: string): string =>
  text.replaceAll(/[^]/gu, (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const card = (title: string, text: string): Spelling => ({ title: `a card ${title}`, text, value: digits })
const address = (title: string, text: string): Spelling => ({ title: `an address ${title}`, text, value: plainMail })

export const spellings: readonly Spelling[] = [
  address('as it is', `mail ${mail} soon`),
  address('in capitals', mail.toUpperCase()),
  address('with a full-width sign', mail.replace('@', '\uff20')),
  address('with nothing in it that shows', mail.replace('lee', 'l\u200bee')),
  address('with a soft hyphen', mail.replace('example', 'exam\u00adple')),
  address('that is JSON', JSON.stringify({ to: mail })),
  address('that is JSON in JSON', JSON.stringify({ args: JSON.stringify({ to: [mail] }) })),
  address('that is JSON with escapes of its own', `{"to":"${escapes(mail)}"}`),
  card('as digits', `card ${digits}.`),
  card('in groups', groups),
  card('with hyphens', groups.replaceAll(' ', '-')),
  card('with blanks that do not break', groups.replaceAll(' ', '\u00a0')),
  card('with dashes', groups.replaceAll(' ', '\u2013')),
  card('with dots', groups.replaceAll(' ', '.')),
  card('with nothing between that shows', groups.replaceAll(' ', '\u200d')),
  card('in full-width digits', digitsFrom(0xff10, groups)),
  card('in Arabic digits', digitsFrom(0x660, groups)),
  card('in digits of mathematics', digitsFrom(0x1d7ce, groups)),
  card('behind a year', `2026 ${groups}`),
  card('glued to a word', `card${digits}x`),
  card('that is a number in JSON', `{"card":${digits}}`),
  card('that is a number with an exponent in JSON', '{"card":4.111111111111111e15}'),
  card('that is the name of a field in JSON', `{"${digits}":true}`),
  { title: 'a social security number', text: 'SSN 536-22-8127', value: '536228127' },
  { title: 'a key of a cloud', text: 'AKIAIOSFODNN7EXAMPLQ', value: 'akiaiosfodnn7examplq' },
]

/** What is found once it is decoded. */
export const encoded: readonly Spelling[] = [
  address('in base64', `see ${base64(`write to ${mail} today`)}`),
  address('in base64 of URLs', base64(`write to ${mail} today`).replaceAll('+', '-').replaceAll('/', '_')),
  address('in base64 twice', base64(base64(`write to ${mail} today`))),
  address('in percent', percent(mail)),
  address('with one percent', mail.replace('@', '%40')),
  address('in hexadecimal', Buffer.from(`write to ${mail}`).toString('hex')),
  card('in base64', base64(`card ${groups} of Ann`)),
  card('in percent', percent(groups)),
]

/** Whether the value can be read in the text, by somebody who knows how it might be written. */
export function reveals(text: string, value: string): boolean {
  return layersOf(text, 3).some((one) => toPlain(one).includes(value))
}

const toPlain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\u0660-\u0669]/gu, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replaceAll(/\d\.\d{9,}e\d\d/gu, (number) => String(Number(number)))
    .replaceAll(/[^a-z\d]/gu, '')

function layersOf(text: string, depth: number): readonly string[] {
  if (depth === 0) return [text]
  const inner = [
    text.replaceAll(/\\+u([\da-f]{4})/giu, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    text.replaceAll(/(?:%[\da-f]{2})+/giu, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString()),
    ...(text.match(/[\da-z+/_-]{16,}/giu) ?? []).flatMap((run) => [
      Buffer.from(run, 'base64').toString(),
      Buffer.from(run, 'hex').toString(),
    ]),
  ].filter((one) => one !== text && one !== '')
  return [text, ...inner.flatMap((one) => layersOf(one, depth - 1))]
}
