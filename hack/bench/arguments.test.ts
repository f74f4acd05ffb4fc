import { describe, expect, it } from 'vitest'

import { parseArguments } from './arguments.ts'

const known = ['forward', 'masking']

describe('the command line', () => {
  it('means every suite, tables and seven rounds when it is empty', () => {
    expect(parseArguments([], known)).toEqual({ suites: known, json: false, strict: false, rounds: 7 })
  })

  it('takes suites and options in any order, each suite once', () => {
    expect(parseArguments(['--json', 'masking', '--rounds', '9', 'masking', '--strict'], known)).toEqual({
      suites: ['masking'],
      json: true,
      strict: true,
      rounds: 9,
    })
  })

  it.each([
    ['an unknown suite', ['forward', 'spam<script>'], 'there is no suite of that name (word 2)'],
    ['an unknown option', ['--fast'], 'that option is not known or has no value'],
    ['an option without its value', ['--rounds'], 'that option is not known or has no value'],
    ['no rounds', ['--rounds', '0'], '--rounds takes a whole number from 1 to 100'],
    ['rounds that are no number', ['--rounds', 'x'], '--rounds takes a whole number from 1 to 100'],
    ['half a round', ['--rounds', '1.5'], '--rounds takes a whole number from 1 to 100'],
  ])('refuses %s in a sentence, without echoing it', (_, argv, sentence) => {
    const refusal = parseArguments(argv, known)
    expect(refusal).toContain(sentence)
    expect(refusal).not.toContain('script')
  })

  it('names the suites when it does not know one', () => {
    expect(parseArguments(['nothing'], known)).toContain('suites: forward, masking')
  })
})
