// The command line of the bench: which suites, how many rounds, for people or for programs.
import { parseArgs } from 'node:util'

import { budgetRounds } from './budget.ts'

export interface BenchOptions {
  readonly suites: readonly string[]
  readonly json: boolean
  readonly strict: boolean
  readonly rounds: number
}

const usage = 'usage: npm run bench -- [suite...] [--json] [--strict] [--rounds N]'
const maxRounds = 100

/** The options, or a sentence for the person who typed them. */
export function parseArguments(argv: readonly string[], known: readonly string[]): BenchOptions | string {
  const suites = `suites: ${known.join(', ')}`
  const parsed = parse(argv)
  if (parsed === undefined) return `that option is not known or has no value\n${usage}\n${suites}`
  const unknown = parsed.positionals.find((name) => !known.includes(name))
  if (unknown !== undefined)
    return `there is no suite of that name (word ${position(argv, unknown)})\n${usage}\n${suites}`
  const rounds = parsed.values.rounds === undefined ? budgetRounds : Number(parsed.values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > maxRounds) {
    return `--rounds takes a whole number from 1 to ${maxRounds}\n${usage}`
  }
  const names = parsed.positionals.length === 0 ? known : known.filter((name) => parsed.positionals.includes(name))
  return { suites: names, json: parsed.values.json, strict: parsed.values.strict, rounds }
}

function position(argv: readonly string[], word: string): number {
  return argv.indexOf(word) + 1
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        rounds: { type: 'string' },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
