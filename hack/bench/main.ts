// `npm run bench`: runs the named suites and prints what they found. Tables or one JSON object on standard output, all
// progress on standard error, so that the output can be piped.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'

import { parseArguments } from './arguments.ts'
import type { BenchOptions } from './arguments.ts'
import { cacheFolderOf } from './cache.ts'
import { shareCores } from './cores.ts'
import { runCommand } from './processes.ts'
import { toJson, toTable } from './report.ts'
import { joinSuites } from './suite.ts'
import type { Bench, Cores, Suite, SuiteResult } from './suite.ts'
import { forward } from './suites/forward.ts'
import { maskingGateway } from './suites/masking-gateway.ts'
import { masking } from './suites/masking.ts'
import { policy } from './suites/policy.ts'
import { propagation } from './suites/propagation.ts'

const suites: readonly Suite[] = [forward, policy, joinSuites('masking', [masking, maskingGateway]), propagation]

/** 0 done, 1 a budget missed under --strict, 2 the bench could not run. */
const exitCodes = { done: 0, missed: 1, unable: 2 }

function log(line: string): void {
  process.stderr.write(`bench: ${line}\n`)
}

async function main(): Promise<number> {
  const options = parseArguments(
    process.argv.slice(2),
    suites.map((suite) => suite.name),
  )
  if (typeof options === 'string') {
    log(options)
    return exitCodes.unable
  }
  const interrupt = new AbortController()
  // More than once: a terminal and npm both pass on an interrupt, and the second must not cut the tidying short.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)))
  }
  const scratchFolder = await mkdtemp(path.join(tmpdir(), 'portcullis-bench-'))
  try {
    const bench = await prepare(options, scratchFolder, interrupt.signal)
    return report(await runSuites(bench, options), options)
  } finally {
    await rm(scratchFolder, { recursive: true, force: true })
  }
}

async function prepare(options: BenchOptions, scratchFolder: string, signal: AbortSignal): Promise<Bench> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value
  const cores = await readCores()
  // The bench does little during a round, but it does not do it on the proxy's core.
  const pin = ['-a', '-c', '-p', cores.others, `${process.pid}`]
  await runCommand({ name: 'taskset', file: 'taskset', args: pin, environment, signal })
  const cacheFolder = cacheFolderOf(process.env['XDG_CACHE_HOME'], homedir())
  return { rounds: options.rounds, cores, cacheFolder, scratchFolder, environment, log, signal }
}

async function readCores(): Promise<Cores> {
  if (process.platform !== 'linux')
    throw new Error('it needs Linux: CPU time comes from /proc and pinning from taskset')
  const cores = shareCores(await readFile('/proc/self/status', 'utf8'))
  if (cores === undefined) throw new Error('it needs two cores, one of them for the proxy alone')
  return cores
}

async function runSuites(bench: Bench, options: BenchOptions): Promise<readonly SuiteResult[]> {
  const results: SuiteResult[] = []
  for (const suite of suites.filter(({ name }) => options.suites.includes(name))) {
    log(`suite ${suite.name}: ${suite.describe}; ${bench.rounds} rounds`)
    // oxlint-disable-next-line no-await-in-loop -- suites share the machine
    results.push(await suite.run(bench))
  }
  return results
}

/** Prints the results and turns them into the exit code. */
function report(results: readonly SuiteResult[], { json, strict }: BenchOptions): number {
  process.stdout.write(json ? `${toJson(results)}\n` : results.map(toTable).join('\n'))
  const missing = results.flatMap(({ notRun, unjudged }) => [...notRun, ...unjudged])
  const missed = results.flatMap(({ budgets }) => budgets.filter(({ ok }) => !ok))
  for (const line of missing) log(line)
  for (const { name, value, op, limit } of missed) log(`budget ${name}: missed, ${value} is not ${op} ${limit}`)
  const kept = missed.length === 0 && results.every(({ unjudged }) => unjudged.length === 0)
  return strict && !kept ? exitCodes.missed : exitCodes.done
}

/** An interrupted child or wait says only that it was aborted; its cause says by what. */
function toSentence(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed for an unknown reason'
  return error.name === 'AbortError' && error.cause instanceof Error ? error.cause.message : error.message
}

try {
  process.exitCode = await main()
} catch (error) {
  log(toSentence(error))
  process.exitCode = exitCodes.unable
}
