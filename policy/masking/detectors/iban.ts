// IBAN in either case and any grouping: country lengths and mod 97.
import type { Detector } from '../detector.ts'
import { isIban } from '../verifiers/mod97.ts'

/** The countries that isIban knows: most words of two letters before a number are none. */
const countries = String.raw`[Aa][DELTZdeltz]|[Bb][AEGHIRYaeghiry]|[Cc][HRYZhryz]|[Dd][EJKOejko]|[Ee][EGSegs]|[Ff][IKORikor]|[Gg][BEILRTbeilrt]|[Hh][NRUnru]|[Ii][ELQSTelqst]|[Jj][Oo]|[Kk][WZwz]|[Ll][BCITUVYbcituvy]|[Mm][CDEKNRTUcdeknrtu]|[Nn][ILOilo]|[Oo][Mm]|[Pp][KLSTklst]|[Qq][Aa]|[Rr][OSUosu]|[Ss][ACDEIKMOTVacdeikmotv]|[Tt][LNRlnr]|[Uu][Aa]|[Vv][AGag]|[Xx][Kk]|[Yy][Ee]`

export const iban: Detector = {
  name: 'iban',
  class: 'PII',
  pattern: String.raw`\b(?:${countries})[\s.-]{0,2}\d{2}(?:[\s.-]{0,2}[A-Za-z0-9]){11,29}\b`,
  verify: isIban,
  maxLength: 90,
}
