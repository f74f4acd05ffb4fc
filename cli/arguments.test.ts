// The command line as people type it, right and wrong.
import { describe, expect, it } from 'vitest'
import { parseArguments } from './arguments.ts'
import { CliError, toExitCode } from './errors.ts'
import { toHelpText } from './help.ts'
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
    [['lint', 'a', 'b'], { name: 'lint', paths: ['a', 'b'], allowLoopback: false, output: 'text' }],
    [
      ['lint', '--output=json', '--platform-namespace', 'acme', '--allow-loopback', 'a'],
      { name: 'lint', paths: ['a'], platformNamespace: 'acme', allowLoopback: true, output: 'json' },
    ],
    [['lint', '--help'], { name: 'help', about: 'lint' }],
    [
      ['test', 'a', '--filter', 'x'],
      { name: 'test', paths: ['a'], allowLoopback: false, output: 'pretty', coverage: false, filter: 'x' },
    ],
    [['test', 'a'], { name: 'test', paths: ['a'], allowLoopback: false, output: 'pretty', coverage: false }],
    [
      ['test', 'a', '--coverage', '--min-coverage', '99.5', '--output', 'junit', '--output-file', 'b'],
      {
        name: 'test',
        paths: ['a'],
        allowLoopback: false,
        output: 'junit',
        outputFile: 'b',
        coverage: true,
        minCoverage: 99.5,
      },
    ],
    [
      ['explain', 'a', '--as', 'bob', '--request', 'call.yaml', '--values'],
      {
        name: 'explain',
        paths: ['a'],
        allowLoopback: false,
        output: 'text',
        call: { as: 'bob', request: 'call.yaml' },
        values: true,
      },
    ],
    [
      ['explain', 'a', '--case', 'b', '--output', 'json'],
      { name: 'explain', paths: ['a'], allowLoopback: false, output: 'json', call: { case: 'b' }, values: false },
    ],
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
    ['lint of nothing', ['lint'], 'lint needs the path of a file or folder'],
    ['a path that is empty', ['test', ''], 'test needs the path of a file or folder'],
    ['an option of another command', ['lint', '--keep', 'a'], 'lint takes no option --keep'],
    ['an option of another command on up', ['up', '--coverage'], 'up takes no option --coverage'],
    ['a format that does not exist', ['lint', '--output', 'xml', 'a'], '--output must be text or json'],
    ['an empty filter', ['test', '--filter', '', 'a'], '--filter needs a part of a name'],
    ['a file for what is shown', ['test', '--output-file', 'x', 'a'], '--output-file needs --output junit'],
    ['a file without a name', ['test', '--output-file', '', '--output', 'json', 'a'], '--output-file needs the path'],
    ['more than everything', ['test', '--min-coverage', '101', 'a'], '--min-coverage needs a number from 0 to 100'],
    ['coverage in words', ['test', '--min-coverage', 'all', 'a'], '--min-coverage needs a number from 0 to 100'],
    ['coverage of a part', ['test', '--filter', 'x', '--min-coverage', '9', 'a'], 'does not go with --filter'],
    ['an explanation of nothing', ['explain', 'a'], 'explain needs --as'],
    ['an explanation without a call', ['explain', 'a', '--as', 'bob'], 'explain needs --request'],
    ['two calls at once', ['explain', 'a', '--as', 'bob', '--case', 'b'], '--case needs a name'],
    ['no namespace', ['lint', '--platform-namespace', 'No Such', 'a'], '--platform-namespace needs the name'],
  ])('refuses %s', (_, words, message) => {
    const refused = catchCliError(() => parseArguments(words))
    expect(refused.message).toContain(message)
    expect(refused.advice.length).toBeGreaterThan(0)
    expect(toExitCode(refused.code)).toBe(2)
  })
})

describe('help', () => {
  const world = ['--platform-namespace', '--allow-loopback', '--output']
  it.each([
    [toHelpText(), ['--keep', '--port', '--folder', 'lint', 'test', 'explain']],
    [toHelpText('up'), ['--keep', '--port', '--folder']],
    [toHelpText('lint'), world],
    [toHelpText('test'), [...world, '--filter', '--coverage', '--min-coverage', '--output-file']],
    [toHelpText('explain'), [...world, '--as', '--request', '--case', '--values']],
  ])('fits the width and names every option', (text, options) => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
    for (const option of options) expect(text).toContain(option)
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
