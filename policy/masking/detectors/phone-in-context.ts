// Seven to fifteen digits in any grouping after a word such as phone, call or mobile.
import type { Detector } from '../detector.ts'
import { isPhoneAfterWord } from '../verifiers/phone.ts'

export const phoneInContext: Detector = {
  name: 'phone-in-context',
  class: 'PII',
  pattern: String.raw`\b\d(?:[ ().-]{0,2}\d){6,14}\b`,
  verify: isPhoneAfterWord,
  context: {
    required: true,
    words: [
      'phone',
      'phones',
      'tel',
      'telephone',
      'mobile',
      'cell',
      'cellphone',
      'call',
      'fax',
      'whatsapp',
      'sms',
      'telefon',
      'handy',
      'mobil',
      'rufnummer',
      'téléphone',
      'portable',
      'teléfono',
      'móvil',
      'telefono',
      'cellulare',
      'celular',
      'dial',
      'contact',
      'reach',
      'telegram',
    ],
  },
  maxLength: 45,
}
