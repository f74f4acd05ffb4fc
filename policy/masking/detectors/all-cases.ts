// All cases by detector, for the tests alone.
import type { DetectorCases } from './cases.ts'
import { abaRoutingCases } from './aba-routing.cases.ts'
import { anthropicKeyCases } from './anthropic-key.cases.ts'
import { auMedicareCases } from './au-medicare.cases.ts'
import { auTfnCases } from './au-tfn.cases.ts'
import { authorizationHeaderCases } from './authorization-header.cases.ts'
import { awsAccessKeyCases } from './aws-access-key.cases.ts'
import { awsSecretKeyCases } from './aws-secret-key.cases.ts'
import { azureKeyCases } from './azure-key.cases.ts'
import { beNationalNumberCases } from './be-national-number.cases.ts'
import { brCnpjCases } from './br-cnpj.cases.ts'
import { brCpfCases } from './br-cpf.cases.ts'
import { caSinCases } from './ca-sin.cases.ts'
import { cardCases } from './card.cases.ts'
import { cardPlainCases } from './card-plain.cases.ts'
import { chAhvCases } from './ch-ahv.cases.ts'
import { cryptoWalletCases } from './crypto-wallet.cases.ts'
import { dateOfBirthCases } from './date-of-birth.cases.ts'
import { deTaxIdCases } from './de-tax-id.cases.ts'
import { emailCases } from './email.cases.ts'
import { esDniNieCases } from './es-dni-nie.cases.ts'
import { frNirCases } from './fr-nir.cases.ts'
import { genericSecretCases } from './generic-secret.cases.ts'
import { githubTokenCases } from './github-token.cases.ts'
import { gitlabTokenCases } from './gitlab-token.cases.ts'
import { googleKeyCases } from './google-key.cases.ts'
import { ibanCases } from './iban.cases.ts'
import { inAadhaarCases } from './in-aadhaar.cases.ts'
import { inPanCases } from './in-pan.cases.ts'
import { ipv4Cases } from './ipv4.cases.ts'
import { ipv6Cases } from './ipv6.cases.ts'
import { itCodiceFiscaleCases } from './it-codice-fiscale.cases.ts'
import { jwtCases } from './jwt.cases.ts'
import { macCases } from './mac.cases.ts'
import { medicalRecordCases } from './medical-record.cases.ts'
import { nlBsnCases } from './nl-bsn.cases.ts'
import { openaiKeyCases } from './openai-key.cases.ts'
import { passportCases } from './passport.cases.ts'
import { passportMrzCases } from './passport-mrz.cases.ts'
import { passwordCases } from './password.cases.ts'
import { pemPrivateKeyCases } from './pem-private-key.cases.ts'
import { phoneCases } from './phone.cases.ts'
import { phoneGroupedCases } from './phone-grouped.cases.ts'
import { phoneInContextCases } from './phone-in-context.cases.ts'
import { phoneNationalCases } from './phone-national.cases.ts'
import { plPeselCases } from './pl-pesel.cases.ts'
import { platformTokenCases } from './platform-token.cases.ts'
import { providerTokenCases } from './provider-token.cases.ts'
import { sePersonnummerCases } from './se-personnummer.cases.ts'
import { sgNricCases } from './sg-nric.cases.ts'
import { slackTokenCases } from './slack-token.cases.ts'
import { streetAddressCases } from './street-address.cases.ts'
import { streetAddressEuropeCases } from './street-address-europe.cases.ts'
import { streetAddressFrenchCases } from './street-address-french.cases.ts'
import { stripeKeyCases } from './stripe-key.cases.ts'
import { ukNhsCases } from './uk-nhs.cases.ts'
import { ukNinoCases } from './uk-nino.cases.ts'
import { urlCredentialsCases } from './url-credentials.cases.ts'
import { usDeaCases } from './us-dea.cases.ts'
import { usItinCases } from './us-itin.cases.ts'
import { usMbiCases } from './us-mbi.cases.ts'
import { usNpiCases } from './us-npi.cases.ts'
import { usSsnCases } from './us-ssn.cases.ts'
import { usSsnPlainCases } from './us-ssn-plain.cases.ts'
import { vinCases } from './vin.cases.ts'

export const allCases: Readonly<Record<string, DetectorCases>> = {
  'aws-access-key': awsAccessKeyCases,
  'aws-secret-key': awsSecretKeyCases,
  'google-key': googleKeyCases,
  'azure-key': azureKeyCases,
  'github-token': githubTokenCases,
  'gitlab-token': gitlabTokenCases,
  'slack-token': slackTokenCases,
  'stripe-key': stripeKeyCases,
  'anthropic-key': anthropicKeyCases,
  'openai-key': openaiKeyCases,
  'provider-token': providerTokenCases,
  'platform-token': platformTokenCases,
  jwt: jwtCases,
  'pem-private-key': pemPrivateKeyCases,
  'url-credentials': urlCredentialsCases,
  password: passwordCases,
  'generic-secret': genericSecretCases,
  'authorization-header': authorizationHeaderCases,
  card: cardCases,
  'card-plain': cardPlainCases,
  'aba-routing': abaRoutingCases,
  'uk-nhs': ukNhsCases,
  'us-npi': usNpiCases,
  'us-mbi': usMbiCases,
  'us-dea': usDeaCases,
  'au-medicare': auMedicareCases,
  'medical-record': medicalRecordCases,
  iban: ibanCases,
  'us-ssn': usSsnCases,
  'us-ssn-plain': usSsnPlainCases,
  'us-itin': usItinCases,
  email: emailCases,
  ipv4: ipv4Cases,
  ipv6: ipv6Cases,
  mac: macCases,
  'date-of-birth': dateOfBirthCases,
  'street-address': streetAddressCases,
  'street-address-europe': streetAddressEuropeCases,
  'street-address-french': streetAddressFrenchCases,
  passport: passportCases,
  'passport-mrz': passportMrzCases,
  'de-tax-id': deTaxIdCases,
  'fr-nir': frNirCases,
  'es-dni-nie': esDniNieCases,
  'it-codice-fiscale': itCodiceFiscaleCases,
  'nl-bsn': nlBsnCases,
  'be-national-number': beNationalNumberCases,
  'uk-nino': ukNinoCases,
  'pl-pesel': plPeselCases,
  'se-personnummer': sePersonnummerCases,
  'ch-ahv': chAhvCases,
  'br-cpf': brCpfCases,
  'br-cnpj': brCnpjCases,
  'in-aadhaar': inAadhaarCases,
  'in-pan': inPanCases,
  'ca-sin': caSinCases,
  'au-tfn': auTfnCases,
  'sg-nric': sgNricCases,
  vin: vinCases,
  'crypto-wallet': cryptoWalletCases,
  phone: phoneCases,
  'phone-national': phoneNationalCases,
  'phone-grouped': phoneGroupedCases,
  'phone-in-context': phoneInContextCases,
}
