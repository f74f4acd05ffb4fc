// What the API server adds to CEL, for engines whose authors know it from there. (Lists and regular expressions are with the
// standard libraries.) Each call pays a flat price and for the text it reads, so that the functions need not think of it.
import type { Declaration, Library } from '../check/signature.ts'
import { Meter } from '../failure.ts'
import { format } from './format.ts'
import { network } from './network.ts'
import { quantity } from './quantity.ts'
import { semver } from './semver.ts'
import { url } from './url.ts'

const callUnits = 100
const unitsPerCharacter = 4

function charge(values: readonly unknown[]): void {
  const meter = values.at(-1)
  if (!(meter instanceof Meter)) return
  const characters = values.reduce((sum: number, value) => sum + (typeof value === 'string' ? value.length : 0), 0)
  meter.charge(callUnits + characters * unitsPerCharacter)
}

function priced([signature, implementation, constant]: Declaration): Declaration {
  const run = (...values: never[]): unknown => {
    charge(values)
    return implementation(...values)
  }
  return constant === undefined ? [signature, run] : [signature, run, constant]
}

export const kubernetesLibraries: readonly Library[] = [network, quantity, semver, url, format].map(
  ({ global = [], member = [] }) => ({ global: global.map(priced), member: member.map(priced) }),
)
