// What the text engine is measured against: regular expressions for 24 classes of data, run one by one as most gateways do, with the
// verifiers that the shipped detectors of the same classes have. What the shipped ones ask of context is left to them.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Detector } from '../../../policy/masking/detector.ts'
import { allDetectors } from '../../../policy/masking/packs.ts'

interface Expression {
  readonly name: string
  readonly source: string
  readonly verified: boolean
}

/** The shipped detectors of each class; cards have two, in groups and bare, where the expression has one. */
const shipped: Readonly<Record<string, readonly [string, ...string[]]>> = {
  CREDIT_CARD: ['card', 'card-plain'],
  US_SSN: ['us-ssn'],
  EMAIL: ['email'],
  IBAN: ['iban'],
  PHONE_INTL: ['phone'],
  PHONE_US: ['phone-national'],
  IPV4: ['ipv4'],
  IPV6: ['ipv6'],
  MAC: ['mac'],
  AADHAAR: ['in-aadhaar'],
  UK_NHS: ['uk-nhs'],
  ABA: ['aba-routing'],
  VIN: ['vin'],
  UK_NINO: ['uk-nino'],
  AWS_KEY: ['aws-access-key'],
  GITHUB: ['github-token'],
  OPENAI: ['openai-key'],
  SLACK: ['slack-token'],
  JWT: ['jwt'],
  PEM: ['pem-private-key'],
  GOOGLE: ['google-key'],
  STRIPE: ['stripe-key'],
  PASSWORD: ['generic-secret'],
  URL_CREDS: ['url-credentials'],
}

function readExpressions(): readonly Expression[] {
  const expressions: Expression[] = JSON.parse(readFileSync(path.join(import.meta.dirname, 'regexps.json'), 'utf8'))
  const names = expressions.map(({ name }) => name)
  if (names.toSorted().join() !== Object.keys(shipped).toSorted().join())
    throw new Error('regexps.json and the classes of the bench are not the same')
  return expressions
}

function detectorOf(name: string): Detector {
  const found = allDetectors.find((detector) => detector.name === name)
  if (found === undefined) throw new Error(`there is no detector ${name}`)
  return found
}

/** The shipped detectors of the 24 classes, in order of priority. */
export function shippedDetectors(): readonly Detector[] {
  const names = new Set(Object.values(shipped).flat())
  for (const name of names) detectorOf(name)
  return allDetectors.filter(({ name }) => names.has(name))
}

/** How many values the expressions find in a text, one expression after the other. Nothing is replaced, which is in their favour. */
export function makeBaseline(): (text: string) => number {
  const expressions = readExpressions().map(({ name, source, verified }) => ({
    expression: new RegExp(source, 'g'),
    verify: verified ? detectorOf(shipped[name]?.[0] ?? '').verify : undefined,
  }))
  return (text) => {
    let found = 0
    for (const { expression, verify } of expressions) {
      expression.lastIndex = 0
      for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
        if (verify === undefined || verify(match[0])) found += 1
      }
    }
    return found
  }
}
