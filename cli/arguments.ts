// Reads the command line: words in, one command or one mistake out. Nothing here knows the process.
import { parseArgs } from 'node:util'
import { CliError } from './errors.ts'
import type { CommandName } from './help.ts'

export interface UpCommand {
  readonly name: 'up'
  /** Stay after the tour, until Ctrl-C. */
  readonly keep: boolean
  /** Serve this folder instead of the samples; there is no tour then, because the tour is about the samples. */
  readonly folder?: string
  /** Absent: the usual port, or any free one where that is taken. */
  readonly port?: number
}

/** Of every command that judges without a cluster. */
export interface OfflineOptions {
  readonly paths: readonly string[]
  /** Absent: the usual one. */
  readonly platformNamespace?: string
  readonly allowLoopback: boolean
}

export interface LintCommand extends OfflineOptions {
  readonly name: 'lint'
  readonly output: 'text' | 'json'
}

export interface TestCommand extends OfflineOptions {
  readonly name: 'test'
  readonly output: 'pretty' | 'junit' | 'json'
  readonly outputFile?: string
  readonly coverage: boolean
  /** In percent. */
  readonly minCoverage?: number
  readonly filter?: string
}

export interface ExplainCommand extends OfflineOptions {
  readonly name: 'explain'
  readonly output: 'text' | 'json'
  /** A call in a file of its own, or a case of a test. */
  readonly call: { readonly as: string; readonly request: string } | { readonly case: string }
  readonly values: boolean
}

export type Command =
  | UpCommand
  | LintCommand
  | TestCommand
  | ExplainCommand
  | { readonly name: 'help'; readonly about?: CommandName }
  | { readonly name: 'version' }

/** Throws CliError `usage`. */
export function parseArguments(words: readonly string[]): Command {
  const { values, positionals } = parseWords(words)
  const [command, ...rest] = positionals
  if (values.version === true) return { name: 'version' }
  if (command === undefined) {
    if (values.help === true || words.length === 0) return { name: 'help' }
    throw usage('an option was given, but no command')
  }
  if (!isCommandName(command)) throw usage(`there is no command ${toQuoted(command)}`)
  if (values.help === true) return { name: 'help', about: command }
  assertOptionsOf(command, values)
  return commands[command](values, rest)
}

const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  keep: { type: 'boolean' },
  folder: { type: 'string' },
  port: { type: 'string' },
  'platform-namespace': { type: 'string' },
  'allow-loopback': { type: 'boolean' },
  output: { type: 'string' },
  'output-file': { type: 'string' },
  coverage: { type: 'boolean' },
  'min-coverage': { type: 'string' },
  filter: { type: 'string' },
  as: { type: 'string' },
  request: { type: 'string' },
  case: { type: 'string' },
  values: { type: 'boolean' },
} as const

type Values = {
  readonly [K in keyof typeof options]?: ((typeof options)[K]['type'] extends 'boolean' ? boolean : string) | undefined
}

const ofWorld = ['platform-namespace', 'allow-loopback', 'output'] as const

/** Which options each command takes, besides --help. */
const optionsOf: Readonly<Record<CommandName, readonly (keyof Values)[]>> = {
  up: ['keep', 'folder', 'port'],
  lint: ofWorld,
  test: [...ofWorld, 'output-file', 'coverage', 'min-coverage', 'filter'],
  explain: [...ofWorld, 'as', 'request', 'case', 'values'],
}

const commands: Readonly<Record<CommandName, (values: Values, rest: readonly string[]) => Command>> = {
  up: toUpCommand,
  lint: (values, rest) => ({
    name: 'lint',
    ...toOffline('lint', values, rest),
    output: toOutput(values, ['text', 'json']),
  }),
  test: toTestCommand,
  explain: toExplainCommand,
}

function toUpCommand({ keep = false, folder, port }: Values, rest: readonly string[]): UpCommand {
  if (rest[0] !== undefined) throw usage(`up takes options alone, not ${toQuoted(rest[0])}`)
  if (folder === '') throw usage('--folder needs the path of a folder')
  return {
    name: 'up',
    keep: keep || folder !== undefined,
    ...(folder === undefined ? {} : { folder }),
    ...(port === undefined ? {} : { port: parsePort(port) }),
  }
}

function toTestCommand(values: Values, rest: readonly string[]): TestCommand {
  const { coverage = false, filter, 'output-file': outputFile, 'min-coverage': minCoverage } = values
  const output = toOutput(values, ['pretty', 'junit', 'json'])
  assertTestOptions(values, output)
  return {
    name: 'test',
    ...toOffline('test', values, rest),
    output,
    coverage,
    ...(outputFile === undefined ? {} : { outputFile }),
    ...(minCoverage === undefined ? {} : { minCoverage: parsePercent(minCoverage) }),
    ...(filter === undefined ? {} : { filter }),
  }
}

function assertTestOptions(values: Values, output: TestCommand['output']): void {
  const { filter, 'output-file': outputFile, 'min-coverage': minCoverage } = values
  if (filter === '') throw usage('--filter needs a part of a name')
  if (outputFile === '') throw usage('--output-file needs the path of a file')
  if (outputFile !== undefined && output === 'pretty') {
    throw usage('--output-file needs --output junit or --output json')
  }
  if (minCoverage !== undefined && filter !== undefined) {
    throw usage('--min-coverage is about all cases, so it does not go with --filter')
  }
}

function toExplainCommand(given: Values, rest: readonly string[]): ExplainCommand {
  const { values = false } = given
  return {
    name: 'explain',
    ...toOffline('explain', given, rest),
    output: toOutput(given, ['text', 'json']),
    call: toCall(given),
    values,
  }
}

function toCall({ as, request, case: name }: Values): ExplainCommand['call'] {
  if (name !== undefined && as === undefined && request === undefined && name !== '') return { case: name }
  if (name !== undefined) throw usage('--case needs a name, and neither --as nor --request beside it')
  if (as === undefined || as === '') throw usage('explain needs --as: a file with an identity, or the name of one')
  if (request === undefined || request === '') throw usage('explain needs --request: a file with a call')
  return { as, request }
}

function toOffline(command: CommandName, values: Values, paths: readonly string[]): OfflineOptions {
  const { 'platform-namespace': platformNamespace, 'allow-loopback': allowLoopback = false } = values
  if (paths.length === 0 || paths.includes('')) throw usage(`${command} needs the path of a file or folder`)
  if (platformNamespace !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(platformNamespace)) {
    throw usage('--platform-namespace needs the name of a namespace')
  }
  return { paths, allowLoopback, ...(platformNamespace === undefined ? {} : { platformNamespace }) }
}

function toOutput<T extends string>({ output }: Values, allowed: readonly [T, ...T[]]): T {
  if (output === undefined) return allowed[0]
  const found = allowed.find((one) => one === output)
  if (found === undefined) throw usage(`--output must be ${allowed.join(' or ')}`)
  return found
}

function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(commands, word)
}

function assertOptionsOf(command: CommandName, values: Values): void {
  const taken: readonly string[] = optionsOf[command]
  const foreign = Object.keys(values).find((name) => !taken.includes(name))
  if (foreign !== undefined) throw usage(`${command} takes no option --${foreign}`, undefined, command)
}

interface Words {
  readonly values: Values
  readonly positionals: readonly string[]
}

function parseWords(words: readonly string[]): Words {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options })
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

function parsePercent(text: string): number {
  const percent = /^[0-9]{1,3}(\.[0-9]{1,2})?$/.test(text) ? Number(text) : -1
  if (percent < 0 || percent > 100) throw usage('--min-coverage needs a number from 0 to 100')
  return percent
}

function usage(message: string, cause?: unknown, about?: CommandName): CliError {
  const command = about === undefined ? 'portcullis' : `portcullis ${about}`
  return new CliError('usage', message, { cause, advice: [`${command} --help shows what there is`] })
}

/** Long or unprintable words are shown as the start of themselves: a terminal must not obey them. */
function toQuoted(word: string): string {
  const safe = word.replace(/[^\x20-\x7e]/g, '?')
  return safe.length > 40 ? `"${safe.slice(0, 40)}…"` : `"${safe}"`
}
