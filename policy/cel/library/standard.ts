// The libraries that every engine has.
import type { Library } from '../check/signature.ts'
import { conversions } from './conversions.ts'
import { encoders } from './encoders.ts'
import { lists } from './lists.ts'
import { math } from './math.ts'
import { operators } from './operators.ts'
import { optionals } from './optionals.ts'
import { makeRegexLibrary } from './regex.ts'
import { sets } from './sets.ts'
import { strings } from './strings.ts'
import { time } from './time.ts'

export function standardLibraries(): readonly Library[] {
  return [operators, conversions, time, strings, makeRegexLibrary(), lists, math, sets, encoders, optionals]
}
