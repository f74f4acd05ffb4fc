// Ways of writing a value so that it slips through, by class. A case is a text with what has to disappear between « and »; `missed`,
// by name, are known to slip through, and DETECTORS.md tells the reason of each.
import { characters } from './characters.ts'
import type { EvasionClass } from './class.ts'
import { encodings } from './encodings.ts'

export const catalogue: readonly EvasionClass[] = [...characters, ...encodings]
