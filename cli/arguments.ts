// Reads the command line: words in, one command or one mistake out. Nothing here knows the process.
import { parseArgs } from 'node:util'
import { CliError } from './errors.ts'

export interface UpCommand {
  readonly name: 'up'
  /** Stay after the tour, until Ctrl-C. */
  readonly keep: boolean
  /** Serve this folder instead of the samples; there is no tour then, because the tour is about the samples. */
  readonly folder?: string
  /** Absent: the usual port, or any free one where that is taken. */
  readonly port?: number
}

export type Command = UpCommand | { readonly name: 'help'; readonly about?: 'up' } | { readonly name: 'version' }

export const usualPort = 8080

const help = `portcullis: every request to a model obeys policy written as code

usage
  portcullis up [--keep] [--port N] [--folder DIR]
  portcullis --help | --version

commands
  up          operator and gateway in one process over a folder of YAML, with a development
              identity provider and a mock model; no Kubernetes, no Docker. Then a guided tour.

In a clone of the repository: npm run up -- --help
`

const helpUp = `portcullis up: the whole product on this machine, then a tour that really calls it

usage
  portcullis up [--keep] [--port N] [--folder DIR]
  npm run up -- [--keep] [--port N] [--folder DIR]

options
  --keep          stay after the tour and reload the folder whenever it changes; Ctrl-C ends it
  --port N        port of the gateway on 127.0.0.1
                  (absent: ${usualPort}, or any free port where that is taken)
  --folder DIR    serve the YAML in DIR instead of the samples; implies --keep and skips the tour,
                  which is about the samples
  -h, --help      this text

exit codes
  0  every step showed what it should, or Ctrl-C
  1  a step of the tour did not show what it should
  2  wrong arguments, no such folder, broken YAML, port in use
`

export function toHelpText(about?: 'up'): string {
  return about === 'up' ? helpUp : help
}

/** Throws CliError `usage`. */
export function parseArguments(words: readonly string[]): Command {
  const { values, positionals } = parseWords(words)
  const [command, ...rest] = positionals
  if (values.version === true) return { name: 'version' }
  if (command === undefined) {
    if (values.help === true || words.length === 0) return { name: 'help' }
    throw usage('an option was given, but no command')
  }
  if (command !== 'up') throw usage(`there is no command ${toQuoted(command)}`)
  if (values.help === true) return { name: 'help', about: 'up' }
  if (rest[0] !== undefined) throw usage(`up takes options alone, not ${toQuoted(rest[0])}`)
  return toUpCommand(values)
}

function toUpCommand({ keep = false, folder, port }: Words['values']): UpCommand {
  if (folder === '') throw usage('--folder needs the path of a folder')
  return {
    name: 'up',
    keep: keep || folder !== undefined,
    ...(folder === undefined ? {} : { folder }),
    ...(port === undefined ? {} : { port: parsePort(port) }),
  }
}

interface Words {
  readonly values: {
    readonly help?: boolean | undefined
    readonly version?: boolean | undefined
    readonly keep?: boolean | undefined
    readonly folder?: string | undefined
    readonly port?: string | undefined
  }
  readonly positionals: readonly string[]
}

function parseWords(words: readonly string[]): Words {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
        keep: { type: 'boolean' },
        folder: { type: 'string' },
        port: { type: 'string' },
      },
    })
  } catch (error) {
    // Node's own words name the option and end in a hint about `--` that helps nobody here.
    const [sentence = 'the arguments cannot be read'] = error instanceof Error ? error.message.split('. ') : []
    throw usage(`${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`, error)
  }
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1
  if (port < 0 || port > 65_535) {
    throw usage('--port needs a number from 0 to 65535, where 0 means any free port')
  }
  return port
}

function usage(message: string, cause?: unknown): CliError {
  return new CliError('usage', message, { cause, advice: ['portcullis --help shows what there is'] })
}

/** Long or unprintable words are shown as the start of themselves: a terminal must not obey them. */
function toQuoted(word: string): string {
  const safe = word.replace(/[^\x20-\x7e]/g, '?')
  return safe.length > 40 ? `"${safe.slice(0, 40)}…"` : `"${safe}"`
}
