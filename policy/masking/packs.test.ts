import { describe, expect, it } from 'vitest'
import { allDetectors, detectorNames, findDetectors, packNames, packs } from './packs.ts'

const names = (name: string): readonly string[] | undefined => findDetectors(name)?.map((detector) => detector.name)

describe('findDetectors', () => {
  it.each(packNames)('gives the pack %s, whatever its case', (name) => {
    expect(findDetectors(name)).toEqual(packs[name])
    expect(findDetectors(name.toLowerCase())).toEqual(packs[name])
  })

  it.each(allDetectors.map((detector) => [detector.name, detector] as const))(
    'gives %s by its name',
    (name, detector) => {
      expect(findDetectors(name)).toContain(detector)
      expect(findDetectors(name.toUpperCase())).toContain(detector)
    },
  )

  it('knows no name for two different things', () => {
    const keys = detectorNames.map((name) => name.toLowerCase().replaceAll('-', ''))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it.each([
    ['card', ['card', 'card-plain']],
    ['card-plain', ['card-plain']],
    ['us-ssn', ['us-ssn', 'us-ssn-plain']],
    ['phone', ['phone', 'phone-national', 'phone-grouped', 'phone-in-context']],
    ['CreditCard', ['card', 'card-plain']],
    ['USSSN', ['us-ssn', 'us-ssn-plain']],
    ['US_SSN', ['us-ssn', 'us-ssn-plain']],
    ['Email', ['email']],
    ['Phone', ['phone', 'phone-national', 'phone-grouped', 'phone-in-context']],
    ['IBAN', ['iban']],
    ['IPAddress', ['ipv4', 'ipv6']],
    ['DateOfBirth', ['date-of-birth']],
    ['PrivateKey', ['pem-private-key']],
    ['secret', packs.Secrets.map((detector) => detector.name)],
  ])('takes %s for what people mean by it', (name, expected) => {
    expect(names(name)).toEqual(expected)
  })

  it.each(['', 'names', 'person', 'cards', 'constructor', '__proto__', '-', 'PII PHI'])('does not know %j', (name) => {
    expect(findDetectors(name)).toBeUndefined()
  })

  it('tells no name that it does not find', () => {
    expect(detectorNames.filter((name) => findDetectors(name) === undefined)).toEqual([])
  })
})
