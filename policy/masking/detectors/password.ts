// Passwords after the word: assigned, or in a sentence where they are not a plain word.
import type { Detector } from '../detector.ts'
import { isPasswordAssignment } from '../verifiers/entropy.ts'

export const password: Detector = {
  name: 'password',
  class: 'Secret',
  pattern: String.raw`(?i:passw(?:or)?d|passwd|pwd|passphrase|passwort|kennwort|mot de passe|contraseña|senha|wachtwoord)["\'\x60]?\s{0,4}(?:(?:is|ist|est|es)\s|:=|=>|[:=])\s{0,4}["\'\x60]?[^\s"\'\x60;]{6,256}`,
  verify: isPasswordAssignment,
  maxLength: 300,
}
