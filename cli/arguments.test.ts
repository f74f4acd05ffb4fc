// The command line as people type it, right and wrong.
import { describe, expect, it } from 'vitest'
import { parseArguments, toHelpText } from './arguments.ts'
import { CliError, toExitCode } from './errors.ts'
import { width } from './terminal.ts'

describe('parseArguments', () => {
  it.each([
    [['up'], { name: 'up', keep: false }],
    [['up', '--keep'], { name: 'up', keep: true }],
    [['--keep', 'up'], { name: 'up', keep: true }],
    [['up', '--port', '9000'], { name: 'up', keep: false, port: 9000 }],
    [['up', '--port=0'], { name: 'up', keep: false, port: 0 }],
    [['up', '--folder', 'my/policies'], { name: 'up', keep: true, folder: 'my/policies' }],
    [['up', '--help'], { name: 'help', about: 'up' }],
    [['-h'], { name: 'help' }],
    [[], { name: 'help' }],
    [['--version'], { name: 'version' }],
  ])('reads %j', (words, command) => {
    expect(parseArguments(words)).toEqual(command)
  })

  it.each([
    ['an unknown command', ['down'], 'there is no command "down"'],
    ['a command that would move the cursor', ['\x1b[2J'], 'there is no command "?[2J"'],
    ['a very long command', ['x'.repeat(50)], `there is no command "${'x'.repeat(40)}…"`],
    ['an unknown option', ['up', '--kep'], "unknown option '--kep'"],
    ['an option without a command', ['--keep'], 'an option was given, but no command'],
    ['a second word', ['up', 'samples'], 'up takes options alone, not "samples"'],
    ['a port that is no number', ['up', '--port', 'web'], '--port needs a number from 0 to 65535'],
    ['a port that no machine has', ['up', '--port', '65536'], '--port needs a number from 0 to 65535'],
    ['a negative port', ['up', '--port=-1'], '--port needs a number from 0 to 65535'],
    ['a port without its value', ['up', '--port'], "option '--port <value>' argument missing"],
    ['a value where none belongs', ['up', '--keep=yes'], "option '--keep' does not take an argument"],
    ['an empty folder', ['up', '--folder', ''], '--folder needs the path of a folder'],
  ])('refuses %s', (_, words, message) => {
    const refused = catchCliError(() => parseArguments(words))
    expect(refused.message).toContain(message)
    expect(refused.advice.length).toBeGreaterThan(0)
    expect(toExitCode(refused.code)).toBe(2)
  })
})

describe('help', () => {
  it.each([[toHelpText()], [toHelpText('up')]])('fits the width and names every option', (text) => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
    for (const option of ['--keep', '--port', '--folder']) expect(text).toContain(option)
  })
})

function catchCliError(run: () => unknown): CliError {
  try {
    run()
  } catch (error) {
    if (error instanceof CliError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
