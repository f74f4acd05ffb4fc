// Evasions by writing a value as something else: escapes, numbers, encodings, places in a document.
import type { EvasionClass } from './class.ts'
import { card, grouped, ssn, mail, iban, key, percentAll, hexOf, unicodeEscapes, urlSafe, paid } from './values.ts'

export const encodings: readonly EvasionClass[] = [
  {
    name: 'numbers of JSON',
    kind: 'Json',
    cases: [`{"n":«${card}»}`, `{"n":[1,«${card}»]}`, '{"n":«6304000000000000»}', `{"card":{"a":«${card}.0»}}`],
  },
  {
    name: 'numbers of JSON with an exponent',
    kind: 'Json',
    cases: [
      '{"n":«4.111111111111111e15»}',
      '{"n":«411111111111111.1E+1»}',
      '{"n":«41111111111111110e-1»}',
      '{"n":«5555555555554444e0»}',
    ],
  },
  {
    name: 'escapes of JSON',
    kind: 'Json',
    cases: [
      `{"content":"«${unicodeEscapes(card)}»"}`,
      `{"content":"«536\\u002d22\\u002D1234»"}`,
      `{"content":"«john.doe\\u0040example.com»"}`,
      `{"content":"«4111\\n1111\\n1111\\n1111»"}`,
      `{"content":"«\\ud835\\udfd24111111111111111»"}`.replace('4111111111111111', '111111111111111'),
    ],
  },
  {
    name: 'names of fields',
    kind: 'Json',
    cases: [`{"«${card}»":1}`, `{"a":{"«${mail}»":true}}`, `{"x":{"«${unicodeEscapes(ssn)}»":null}}`],
  },
  {
    name: 'the word in the name of the field',
    kind: 'Json',
    cases: ['{"ssn":"«536221234»"}', '{"social_security":"«536221234»"}', '{"taxId":"«536221234»"}'],
  },
  {
    name: 'JSON in a string of JSON',
    kind: 'Json',
    cases: [
      `{"arguments":${JSON.stringify(`{"card":"«${card}»"}`)}}`,
      `{"arguments":${JSON.stringify(`{"n":«${card}»}`)}}`,
      `{"arguments":${JSON.stringify(JSON.stringify({ inner: JSON.stringify({ mail: `«${mail}»` }) }))}}`,
      `{"arguments":${JSON.stringify(`{"mail":"«john\\u0040example.com»"}`)}}`,
    ],
  },
  {
    name: 'escapes of programs in text',
    kind: 'Text',
    cases: [`«${unicodeEscapes(card)}»`, '«536\\x2d22\\x2d1234»', '«john.doe\\u{40}example.com»'],
  },
  {
    name: 'percent-encoding',
    kind: 'Text',
    cases: [
      `https://x.example/?c=«4111%201111%201111%201111»&d=1`,
      '?u=«john.doe%40example.com»',
      `q=«${percentAll(card)}»`,
      '«536%2D22%2D1234»',
      'iban=«DE89%203704%200044%200532%200130%2000»',
      '«%EF%BC%94111111111111111»',
      '«536%252D22%252D1234»',
    ],
  },
  {
    name: 'entities of HTML',
    kind: 'Text',
    cases: [
      '«john.doe&#64;example.com»',
      '«536&#45;22&#x2d;1234»',
      '«DE89&#32;3704&ensp;0044&#x20;0532&#32;0130&#32;00»',
      '«john.doe&commat;example.com»',
      '«4111&nbsp;1111&nbsp;1111&nbsp;1111»',
      `«${Array.from(card, (digit) => `&#x3${digit};`).join('')}»`,
    ],
  },
  {
    name: 'base64',
    kind: 'Text',
    cases: [
      `«${btoa(paid)}»`,
      `«${btoa(`${mail}, please`)}»`,
      `data=«${btoa(`my ssn: ${ssn}`)}»`,
      `«${btoa(`AWS_KEY=${key}`)}»`,
      `Authorization: x «${btoa(`to ${iban} now`)}»`,
      `«${btoa(card)}»`,
      `«${btoa(btoa(paid))}»`,
    ],
    missed: {
      'base64 in three layers': btoa(btoa(btoa(paid))),
      'base64 with line ends within the value': btoa('x'.repeat(20) + paid).replaceAll(/.{30}/g, '$&\n'),
    },
  },
  {
    name: 'base64 for URLs, without padding',
    kind: 'Text',
    cases: [`«${urlSafe(`??>>${paid}`)}»`, `token=«${urlSafe(`${mail} and more`)}»`, `v1.«${urlSafe(`ssn ${ssn}.`)}»`],
  },
  {
    name: 'hex',
    kind: 'Text',
    cases: [
      `0x«${hexOf(paid)}»`,
      `«${hexOf(mail).toUpperCase()}»`,
      `«${hexOf(`ssn ${ssn}`)}»`,
      `«${hexOf(key)}»`,
      `«${hexOf(card)}»`,
    ],
    missed: { 'hex with blanks between bytes': hexOf(card).replaceAll(/../g, '$& ') },
  },
  {
    name: 'another number in front',
    kind: 'Text',
    cases: [`2026 «${grouped}»`, `1 «${grouped}»`, `12 34 «${grouped}»`, `20 «${ssn}»`],
  },
  {
    name: 'not as digits at all',
    kind: 'Text',
    cases: [],
    missed: { 'digits in words': 'four one one one, eleven times one', 'digits in reverse': '4321-22-635' },
  },
]
