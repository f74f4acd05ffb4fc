// Runs one short-lived program to its end and returns what it said. The long-lived parts of a control plane are in component.ts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly stdin?: string | undefined
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** Receives every piece of standard error as it comes: progress of a long build. */
  readonly onStderr?: (piece: string) => void
}

/** Resolves also when the program fails; rejects when it cannot be started. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(file, [...args], {
    stdio: 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  })
  child.stderr.setEncoding('utf8')
  if (options.onStderr) child.stderr.on('data', options.onStderr)
  // A program that ends without reading its input breaks the pipe; its exit code says what matters.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  const killed = child.signalCode === null ? '' : `\n${file} was ended by ${child.signalCode}`
  return { exitCode: child.exitCode ?? 1, stdout, stderr: stderr + killed }
}

/** The same, where anything but success is an error that shows the program's own words. */
export async function runOrThrow(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(file, args, options)
  if (result.exitCode !== 0) {
    throw new Error(`${file} ${args[0] ?? ''} failed with exit code ${result.exitCode}:\n${result.stderr.trim()}`)
  }
  return result.stdout
}
