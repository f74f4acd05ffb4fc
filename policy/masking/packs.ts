// The named packs a policy may ask for, as lists of detectors. The order is the priority: where two detectors find the same span,
// the first keeps it. A pack may hold a detector of another class: PHI holds the identifiers of HIPAA's safe harbour.
import type { Detector } from './detector.ts'
import { abaRouting } from './detectors/aba-routing.ts'
import { anthropicKey } from './detectors/anthropic-key.ts'
import { auMedicare } from './detectors/au-medicare.ts'
import { auTfn } from './detectors/au-tfn.ts'
import { authorizationHeader } from './detectors/authorization-header.ts'
import { awsAccessKey } from './detectors/aws-access-key.ts'
import { awsSecretKey } from './detectors/aws-secret-key.ts'
import { azureKey } from './detectors/azure-key.ts'
import { beNationalNumber } from './detectors/be-national-number.ts'
import { brCnpj } from './detectors/br-cnpj.ts'
import { brCpf } from './detectors/br-cpf.ts'
import { caSin } from './detectors/ca-sin.ts'
import { card } from './detectors/card.ts'
import { cardPlain } from './detectors/card-plain.ts'
import { chAhv } from './detectors/ch-ahv.ts'
import { cryptoWallet } from './detectors/crypto-wallet.ts'
import { dateOfBirth } from './detectors/date-of-birth.ts'
import { deTaxId } from './detectors/de-tax-id.ts'
import { email } from './detectors/email.ts'
import { esDniNie } from './detectors/es-dni-nie.ts'
import { frNir } from './detectors/fr-nir.ts'
import { genericSecret } from './detectors/generic-secret.ts'
import { githubToken } from './detectors/github-token.ts'
import { gitlabToken } from './detectors/gitlab-token.ts'
import { googleKey } from './detectors/google-key.ts'
import { iban } from './detectors/iban.ts'
import { inAadhaar } from './detectors/in-aadhaar.ts'
import { inPan } from './detectors/in-pan.ts'
import { ipv4 } from './detectors/ipv4.ts'
import { ipv6 } from './detectors/ipv6.ts'
import { itCodiceFiscale } from './detectors/it-codice-fiscale.ts'
import { jwt } from './detectors/jwt.ts'
import { mac } from './detectors/mac.ts'
import { medicalRecord } from './detectors/medical-record.ts'
import { nlBsn } from './detectors/nl-bsn.ts'
import { openaiKey } from './detectors/openai-key.ts'
import { passport } from './detectors/passport.ts'
import { passportMrz } from './detectors/passport-mrz.ts'
import { password } from './detectors/password.ts'
import { pemPrivateKey } from './detectors/pem-private-key.ts'
import { phone } from './detectors/phone.ts'
import { phoneGrouped } from './detectors/phone-grouped.ts'
import { phoneInContext } from './detectors/phone-in-context.ts'
import { phoneNational } from './detectors/phone-national.ts'
import { plPesel } from './detectors/pl-pesel.ts'
import { platformToken } from './detectors/platform-token.ts'
import { providerToken } from './detectors/provider-token.ts'
import { sePersonnummer } from './detectors/se-personnummer.ts'
import { sgNric } from './detectors/sg-nric.ts'
import { slackToken } from './detectors/slack-token.ts'
import { streetAddress } from './detectors/street-address.ts'
import { streetAddressEurope } from './detectors/street-address-europe.ts'
import { streetAddressFrench } from './detectors/street-address-french.ts'
import { stripeKey } from './detectors/stripe-key.ts'
import { ukNhs } from './detectors/uk-nhs.ts'
import { ukNino } from './detectors/uk-nino.ts'
import { urlCredentials } from './detectors/url-credentials.ts'
import { usDea } from './detectors/us-dea.ts'
import { usItin } from './detectors/us-itin.ts'
import { usMbi } from './detectors/us-mbi.ts'
import { usNpi } from './detectors/us-npi.ts'
import { usSsn } from './detectors/us-ssn.ts'
import { usSsnPlain } from './detectors/us-ssn-plain.ts'
import { vin } from './detectors/vin.ts'

const secrets: readonly Detector[] = [
  awsAccessKey,
  awsSecretKey,
  googleKey,
  azureKey,
  githubToken,
  gitlabToken,
  slackToken,
  stripeKey,
  anthropicKey,
  openaiKey,
  providerToken,
  platformToken,
  jwt,
  pemPrivateKey,
  urlCredentials,
  password,
  genericSecret,
  authorizationHeader,
]

const payment: readonly Detector[] = [card, cardPlain, abaRouting]

const medical: readonly Detector[] = [ukNhs, usNpi, usMbi, usDea, auMedicare, medicalRecord]

const personal: readonly Detector[] = [
  iban,
  usSsn,
  usSsnPlain,
  usItin,
  email,
  ipv4,
  ipv6,
  mac,
  dateOfBirth,
  streetAddress,
  streetAddressEurope,
  streetAddressFrench,
  passport,
  passportMrz,
  deTaxId,
  frNir,
  esDniNie,
  itCodiceFiscale,
  nlBsn,
  beNationalNumber,
  ukNino,
  plPesel,
  sePersonnummer,
  chAhv,
  brCpf,
  brCnpj,
  inAadhaar,
  inPan,
  caSin,
  auTfn,
  sgNric,
  vin,
  cryptoWallet,
  phone,
  phoneNational,
  phoneGrouped,
  phoneInContext,
]

/** Of the personal detectors those that HIPAA's safe harbour names (45 CFR 164.514). */
const safeHarbour: readonly Detector[] = [
  usSsn,
  usSsnPlain,
  dateOfBirth,
  email,
  streetAddress,
  streetAddressEurope,
  streetAddressFrench,
  ipv4,
  ipv6,
  mac,
  vin,
  phone,
  phoneNational,
  phoneGrouped,
  phoneInContext,
]

export const packNames = ['PII', 'PHI', 'PCI', 'Secrets'] as const
export type PackName = (typeof packNames)[number]

export const packs: Readonly<Record<PackName, readonly Detector[]>> = {
  PII: personal,
  PHI: [...medical, ...safeHarbour],
  PCI: payment,
  Secrets: secrets,
}

/** Every detector, each once, in order of priority. */
export const allDetectors: readonly Detector[] = [...secrets, ...payment, ...medical, ...personal]

/** The detectors of several packs, each once, in order of priority. */
export function detectorsOf(names: readonly PackName[]): readonly Detector[] {
  const wanted = new Set(names.flatMap((name) => packs[name]))
  return allDetectors.filter((detector) => wanted.has(detector))
}

/** Names that give more than the one detector that bears them: what people mean by the word. */
const families: Readonly<Record<string, readonly Detector[]>> = {
  card: [card, cardPlain],
  'us-ssn': [usSsn, usSsnPlain],
  phone: [phone, phoneNational, phoneGrouped, phoneInContext],
  passport: [passport, passportMrz],
  'street-address': [streetAddress, streetAddressEurope, streetAddressFrench],
}

/** Other words for a detector, a family or a pack. */
const aliases: Readonly<Record<string, readonly Detector[]>> = {
  CreditCard: [card, cardPlain],
  PaymentCard: [card, cardPlain],
  SSN: [usSsn, usSsnPlain],
  EmailAddress: [email],
  PhoneNumber: [phone, phoneNational, phoneGrouped, phoneInContext],
  IPAddress: [ipv4, ipv6],
  MACAddress: [mac],
  Address: [streetAddress, streetAddressEurope, streetAddressFrench],
  Wallet: [cryptoWallet],
  PrivateKey: [pemPrivateKey],
  AWSKey: [awsAccessKey, awsSecretKey],
  Secret: secrets,
}

/** `us-ssn`, `US_SSN` and `USSSN` are the same name. */
function toKey(name: string): string {
  return name.toLowerCase().replaceAll(/[-._]/g, '')
}

const byKey: ReadonlyMap<string, readonly Detector[]> = new Map(
  [
    ...allDetectors.map((detector): [string, readonly Detector[]] => [detector.name, [detector]]),
    ...Object.entries(families),
    ...Object.entries(aliases),
    ...Object.entries(packs),
  ].map(([name, detectors]) => [toKey(name), detectors]),
)

/** What a policy may name: packs, and detectors. */
export const detectorNames: readonly string[] = [...packNames, ...allDetectors.map(({ name }) => name)]

/** The detectors behind the name of a detector or pack, whatever its case and hyphens. Undefined: there is no such name. */
export function findDetectors(name: string): readonly Detector[] | undefined {
  return byKey.get(toKey(name))
}
