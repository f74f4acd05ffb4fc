// Checksums against published numbers, and against what a checksum is for: one changed digit is noticed.
import { describe, expect, it } from 'vitest'
import {
  isAbaRouting,
  isAustralianMedicare,
  isCnpj,
  isCpf,
  isDeaNumber,
  isNric,
  isTfn,
  isVin,
} from './americas-asia-pacific.ts'
import { isIpv4, isIpv6, isMac } from './address.ts'
import { isBirthDate } from './date.ts'
import { entropyOf, isPasswordAssignment, isRandomAssignment } from './entropy.ts'
import {
  isBritishNino,
  isCodiceFiscale,
  isDutchBsn,
  isNhsNumber,
  isPesel,
  isSpanishDniOrNie,
  isSwissAhv,
} from './europe.ts'
import { isPassportLine } from './icao.ts'
import { isAadhaar, isGermanTaxId } from './iso7064.ts'
import { isCanadianSin, isCard, isNpi, isSwedishPersonnummer, passesLuhn } from './luhn.ts'
import { isBelgianNationalNumber, isFrenchNir, isIban } from './mod97.ts'
import { isPhone, isPhoneAfterWord } from './phone.ts'
import { isItin, isSsn } from './us-ssn.ts'
import { isBech32, isWallet } from './wallet.ts'

type Verify = (candidate: string) => boolean

/** Numbers printed by the authorities, standards and test environments as valid. */
const valid: readonly (readonly [string, Verify, readonly string[]])[] = [
  ['cards', isCard, ['4111111111111111', '5555555555554444', '2223000048410010', '378282246310005', '30569309025904']],
  [
    'American Express, JCB, Discover, Maestro',
    isCard,
    ['371449635398431', '3530111333300000', '6011111111111117', '6304000000000000'],
  ],
  [
    'IBAN',
    isIban,
    ['DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606', 'NO9386011117947'],
  ],
  ['ABA', isAbaRouting, ['021000021', '122105155', '011000015']],
  ['CPF', isCpf, ['52998224725', '11144477735']],
  ['CNPJ', isCnpj, ['11222333000181']],
  ['TFN', isTfn, ['123456782']],
  ['Australian Medicare', isAustralianMedicare, ['2123456701']],
  ['NRIC', isNric, ['S1234567D', 'T1234567J', 'F1234567N', 'G1234567X']],
  ['DEA', isDeaNumber, ['AB1234563']],
  ['VIN', isVin, ['1M8GDM9AXKP042788', '1HGCM82633A004352']],
  ['Aadhaar', isAadhaar, ['234123412346']],
  ['German tax id', isGermanTaxId, ['86095742719', '47036892816', '65929970489']],
  ['SIN', isCanadianSin, ['130692544']],
  ['NPI', isNpi, ['1234567893']],
  ['personnummer', isSwedishPersonnummer, ['8112289874', '198112289874']],
  ['NIR', isFrenchNir, ['255081416802538']],
  ['Belgian number', isBelgianNationalNumber, ['85073003328']],
  ['DNI and NIE', isSpanishDniOrNie, ['12345678Z', 'X1234567L']],
  ['codice fiscale', isCodiceFiscale, ['RSSMRA85T10A562S', 'MRTMTT25D09F205Z']],
  ['BSN', isDutchBsn, ['123456782', '111222333']],
  ['NHS', isNhsNumber, ['9434765919']],
  ['PESEL', isPesel, ['44051401359']],
  ['AHV', isSwissAhv, ['7569217076985']],
  ['passport', isPassportLine, ['L898902C36UTO7408122F1204159ZE184226B<<<<<10']],
  [
    'bech32',
    isBech32,
    ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0'],
  ],
]

describe.each(valid)('%s', (_name, verify, numbers) => {
  it.each(numbers)('%s is valid', (number) => {
    expect(verify(number)).toBe(true)
  })

  it('notices that the last character was changed', () => {
    for (const number of numbers) {
      const last = number.slice(-1)
      const other = /\d/.test(last) ? String((Number(last) + 1) % 10) : last === 'Z' ? 'B' : 'Z'
      expect(verify(number.slice(0, -1) + other)).toBe(number.length === 10 && verify === isAustralianMedicare)
    }
  })

  it.each(['', '0', 'x', '0'.repeat(9), '0'.repeat(16), '\u{1d7d2}'])('refuses %j', (text) => {
    expect(verify(text)).toBe(false)
  })
})

describe('rules without a checksum', () => {
  it.each(['000-12-3456', '666-12-3456', '900-12-3456', '123-00-4567', '123-45-0000', '078-05-1120'])(
    '%s is no SSN',
    (text) => {
      expect(isSsn(text)).toBe(false)
    },
  )

  it('tells an ITIN by its group', () => {
    expect(['912701234', '912491234', '912891234', '912931234'].map(isItin)).toEqual([true, false, false, false])
  })

  it('refuses the prefixes that HMRC never gives out', () => {
    expect(['AB123456C', 'GB123456C', 'QQ123456C', 'AO123456C'].map(isBritishNino)).toEqual([true, false, false, false])
  })

  it('takes no zeros for a Luhn number', () => {
    expect([passesLuhn('0000000000000000'), passesLuhn('')]).toEqual([false, false])
  })
})

describe('addresses', () => {
  it.each(['2001:db8::1', '::ffff:10.1.2.3', '1:2:3:4:5:6:7:8', 'fe80::1'])('%s is IPv6', (text) => {
    expect(isIpv6(text)).toBe(true)
  })

  it.each(['::', '::1', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::1', '12345::1', '1:2:3', '::ffff:300.1.2.3'])(
    '%s is not',
    (text) => {
      expect(isIpv6(text)).toBe(false)
    },
  )

  it('leaves alone what names nobody', () => {
    expect(['127.0.0.1', '255.255.255.255', '0.1.2.3', '01.2.3.4'].map(isIpv4)).toEqual([false, false, false, false])
    expect(isMac('00:00:00:00:00:00')).toBe(false)
  })
})

describe('dates, telephones, secrets, wallets', () => {
  it.each<[string, boolean]>([
    ['1984-02-29', true],
    ['1984-02-30', false],
    ['31.04.1984', false],
    ['07/21/84', true],
    ['21st July 1984', true],
    ['July 32, 1984', false],
    ['Foo 12, 1984', false],
  ])('the birth date %s: %s', (text, expected) => {
    expect(isBirthDate(text)).toBe(expected)
  })

  it.each<[string, boolean]>([
    ['+49 30 901820', true],
    ['+49 3', false],
    ['+1 212 555 2368', true],
    ['+44 (0)20 7946 0958', true],
    ['+999 123 4567', false],
    ['0000000000', false],
    ['212-911-2368', false],
  ])('the telephone number %s: %s', (text, expected) => {
    expect(isPhone(text)).toBe(expected)
  })

  it('takes no date or address for a telephone number after a word', () => {
    expect(['2026-11-20', '20.11.2026', '10.20.30.140', '555 2368'].map(isPhoneAfterWord)).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  it('tells keys from words by entropy', () => {
    expect(entropyOf('aaaa')).toBe(0)
    expect(entropyOf('abcd')).toBe(2)
    expect(isRandomAssignment('token: changeme123')).toBe(false)
    expect(isRandomAssignment('token: q8Zr71LmX0')).toBe(true)
    expect(isPasswordAssignment('password is required')).toBe(false)
  })

  it('takes no address of one repeated character for a wallet', () => {
    expect(isWallet(`0x${'0'.repeat(40)}`)).toBe(false)
  })
})
