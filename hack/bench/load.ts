// One measurement: the load generator against one target, with the CPU time of the proxy around it.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { processOptions } from './cache.ts'
import type { Tools } from './cache.ts'
import { readCoreBusyUs, readCpuTimeUs } from './cpu-time.ts'
import { runCommand } from './processes.ts'
import type { Sample } from './statistics.ts'
import type { Bench } from './suite.ts'

/** Where a target answers, and which process to charge; the mock called directly has none. */
export interface Reachable {
  readonly name: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly pid?: number
}

export interface LoadCase {
  readonly name: string
  readonly connections: number
  readonly durationMs: number
  readonly warmUpMs: number
  /** The model the body names tells the mock what to answer (mock/main.go). */
  readonly model: string
  /** Events in every reply of a stream; 0 for JSON. Figures per call are then per event. */
  readonly events: number
  /** A mask may tell what it held in one event more. Such events do not count. */
  readonly extraEvents?: number
  /** The mock's tokens say when they leave: the time to the first text is counted from there, and not from the request. */
  readonly stamped?: boolean
}

/** The line that load/main.go prints. */
interface LoadLine {
  readonly count: number
  readonly errors: number
  readonly elapsedUs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly rps: number
  readonly ttftP50Us: number
  readonly chunks: number
  readonly chunksPerSecond: number
  readonly failure?: string
}

const requestBytes = 2048

const prose = 'Explain to a visitor how the gate of a castle was raised and lowered, and who decided about it. '

/** A chat request of 2 KB for the mock. */
export function makeChatRequest(model: string, stream: boolean, question: string = prose): string {
  const build = (content: string) =>
    JSON.stringify({
      model,
      stream,
      temperature: 0.2,
      messages: [
        { role: 'system', content: 'You are a guide. Answer in plain words.' },
        { role: 'user', content },
      ],
    })
  return build(question.repeat(30).slice(0, requestBytes - build('').length))
}

/** Warms a target up and measures it for one round. */
export async function measureRound(bench: Bench, tools: Tools, at: MeasuredAt): Promise<Sample> {
  const { load, target, round } = at
  const body = await writeBody(bench, load)
  await runLoad(bench, tools, { ...at, body, durationMs: load.warmUpMs })
  const before = await readClocks(bench, target)
  const line = await runLoad(bench, tools, { ...at, body, durationMs: load.durationMs })
  const after = await readClocks(bench, target)
  if (line.errors > 0) {
    bench.log(`${load.name} ${target.name} round ${round}: ${line.errors} calls failed, the last with: ${line.failure}`)
  }
  return toSample(at, line, { ownUs: after.ownUs - before.ownUs, coreUs: after.coreUs - before.coreUs })
}

/** CPU time of the proxy and of its core. */
interface Clocks {
  readonly ownUs: number
  readonly coreUs: number
}

async function readClocks(bench: Bench, { pid }: Reachable): Promise<Clocks> {
  return {
    ownUs: pid === undefined ? 0 : await readCpuTimeUs(pid),
    coreUs: await readCoreBusyUs(bench.cores.proxy),
  }
}

/** Lets a target compile its hot paths before its first round; nothing is measured. */
export async function warmUp(bench: Bench, tools: Tools, at: MeasuredAt): Promise<void> {
  const body = await writeBody(bench, at.load)
  await runLoad(bench, tools, { ...at, body, durationMs: at.load.durationMs })
}

async function writeBody(bench: Bench, load: LoadCase): Promise<string> {
  const body = path.join(bench.scratchFolder, `${load.name}.json`)
  await writeFile(body, makeChatRequest(load.model, load.events > 0))
  return body
}

export interface MeasuredAt {
  readonly load: LoadCase
  readonly target: Reachable
  readonly round: number
}

/** The figures of a round: for a stream per event, since a proxy's work there is per event. */
export function toSample({ load, target, round }: MeasuredAt, line: LoadLine, clocks: Clocks): Sample {
  const stream = load.events > 0
  const units = stream ? line.chunks : line.count
  const base = { target: target.name, round, errors: line.errors, rps: stream ? line.chunksPerSecond : line.rps }
  const utilization = clocks.ownUs / line.elapsedUs
  const foreign = Math.max(0, clocks.coreUs / line.elapsedUs - utilization)
  const cpu = target.pid === undefined ? { foreign } : { cpuUs: clocks.ownUs / units, utilization, foreign }
  const times = stream ? { ttftUs: line.ttftP50Us } : { p50Us: line.p50Us, p99Us: line.p99Us }
  return units === 0 ? { ...base, errors: Math.max(1, line.errors) } : { ...base, ...cpu, ...times }
}

interface LoadRun extends MeasuredAt {
  readonly body: string
  readonly durationMs: number
}

async function runLoad(bench: Bench, tools: Tools, { load, target, body, durationMs }: LoadRun): Promise<LoadLine> {
  const headers = Object.entries(target.headers).flatMap(([name, value]) => ['-header', `${name}: ${value}`])
  const args = ['-address', `127.0.0.1:${target.port}`, '-path', target.path, '-body', body]
  args.push('-connections', `${load.connections}`, '-duration', `${durationMs}ms`, '-events', `${load.events}`)
  if (load.extraEvents !== undefined) args.push('-extra', `${load.extraEvents}`)
  if (load.stamped === true) args.push('-stamped')
  const command = { name: 'load', file: tools.load, args: [...args, ...headers], cores: bench.cores.others }
  return parseLoadLine(await runCommand({ ...command, ...processOptions(bench) }))
}

/** Checks the generator's line; it comes from a program of ours, so a mismatch is a defect and throws. */
export function parseLoadLine(text: string): LoadLine {
  const line: unknown = JSON.parse(text)
  if (!isLoadLine(line)) throw new Error('the load generator printed another line than this bench expects')
  return line
}

const numbers = ['count', 'errors', 'elapsedUs', 'p50Us', 'p99Us', 'rps', 'ttftP50Us', 'chunks', 'chunksPerSecond']

function isLoadLine(value: unknown): value is LoadLine {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  return numbers.every((name) => typeof fields.get(name) === 'number')
}
