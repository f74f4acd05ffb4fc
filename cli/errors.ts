// What can go wrong between a person and the command line. Each error says what happened, where, and what to do about it; each
// code has one exit status. Everything else that is thrown is a mistake of ours and keeps its stack.

export type CliErrorCode =
  | 'usage'
  | 'folder_missing'
  | 'folder_invalid'
  | 'fixture_invalid'
  | 'file_unwritable'
  | 'port_in_use'
  | 'port_refused'
  | 'not_ready'

/** 2: the command or its surroundings must be changed first. 1 is kept for what was run and did not hold. */
const exitCodes: Record<CliErrorCode, number> = {
  usage: 2,
  folder_missing: 2,
  folder_invalid: 2,
  fixture_invalid: 2,
  file_unwritable: 2,
  port_in_use: 2,
  port_refused: 2,
  not_ready: 2,
}

export interface CliErrorOptions extends ErrorOptions {
  /** What to do now; shown below the message, one line each. */
  readonly advice?: readonly string[]
}

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly advice: readonly string[]

  constructor(code: CliErrorCode, message: string, options: CliErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.advice = options.advice ?? []
  }
}

export function toExitCode(code: CliErrorCode): number {
  return exitCodes[code]
}
