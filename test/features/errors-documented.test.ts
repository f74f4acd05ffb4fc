// What the gateway can say and what is written about it are the same lists.
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { GatewayError, errorCodes, toErrorRow } from '../../gateway/errors.ts'
import { makeTelemetry } from '../../gateway/telemetry.ts'
import type { SessionRecord } from '../../policy/evidence.ts'
import { recordFormat } from '../../policy/evidence.ts'
import { makeSnapshot, makeBundle } from '../helpers/make.ts'

const root = path.join(import.meta.dirname, '..', '..')

/** Cells of every row whose first one is a name in backticks, within the section of that title. */
async function readTable(file: string, title: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(path.join(root, 'gateway', file), 'utf8')
  const section = text.slice(text.indexOf(title)).split(/\n## /u)[0] ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

const bare = (cell = ''): string => cell.replaceAll('`', '')
const names = (cell = ''): readonly string[] => [...cell.matchAll(/`([^`]+)`/gu)].map(([, name]) => name ?? '')

describe('gateway/ERRORS.md', () => {
  it('has every code with its status, and no other', async () => {
    const rows = await readTable('ERRORS.md', '# What the gateway answers')
    expect(rows.map(([code, status]) => [bare(code), Number(status)])).toEqual(
      errorCodes.map((code) => [code, toErrorRow(code).status]),
    )
  })

  it('says of each when it comes and what to do', async () => {
    for (const [code, , when = '', what = ''] of await readTable('ERRORS.md', '# What the gateway answers')) {
      expect([code, when.endsWith('.'), what.endsWith('.')]).toEqual([code, true, true])
    }
  })
})

const record: SessionRecord = {
  format: recordFormat,
  session: 's',
  startedAt: '2026-11-20T12:00:00.000Z',
  durationMs: 1,
  gateway: 'g',
  revision: '1.1-abc',
  connection: { namespace: 'team-a', name: 'chat', uid: 'u', generation: 1 },
  request: { method: 'POST', bytes: 1, operation: 'chat.completions' },
  decision: { effect: 'Deny', reason: 'DeniedByRule', rules: ['team-a/policy/deny'] },
  shadow: [{ policy: 'team-a/audited', rule: 'deny', reason: 'DeniedByRule' }],
  masked: [
    {
      phase: 'Request',
      policy: 'team-a/policy',
      mask: 'pii',
      class: 'PII',
      action: 'Redact',
      acted: true,
      count: 1,
      paths: ['/x'],
    },
  ],
  response: { status: 502, bytes: 1, outcome: 'Refused', error: 'upstream_failed', rule: 'team-a/policy/answers' },
}

/** Everything that telemetry can be told, once. */
async function exercise(): Promise<{
  readonly lines: readonly Record<string, unknown>[]
  readonly registry: Registry
}> {
  const lines: Record<string, unknown>[] = []
  const registry = new Registry()
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const telemetry = makeTelemetry(registry, log, () => 0)
  const failed = new GatewayError('upstream_failed', 'x', { cause: new Error('canary') })
  const enforced = { revision: { epoch: 1, n: 1, digest: 'sha256:abc' }, snapshot: makeSnapshot(makeBundle({})) }
  telemetry.inFlight(1)
  telemetry.called(record, failed)
  telemetry.enforcing({ enforced })
  telemetry.enforcing({ enforced, rejection: { sequence: '1.2', reason: 'r' } })
  telemetry.recordsFailed(failed)
  telemetry.recordsRecovered()
  telemetry.recordsLost(2)
  telemetry.keys({ issuer: 'i', outcome: 'Failed', keys: 0, cause: failed })
  telemetry.endpointFailed('team-a/chat', 'e', failed)
  telemetry.tokenizerFailed('o200k_base', failed)
  telemetry.limits.onStore(false, failed)
  telemetry.limits.onStore(true)
  return { lines, registry }
}

describe('gateway/TELEMETRY.md', () => {
  it('has every metric with its labels, and no other', async () => {
    const { registry } = await exercise()
    const documented = (await readTable('TELEMETRY.md', '## Metrics')).map(([name, labels]) => [
      bare(name),
      names(labels),
    ])
    const made = registry.getMetricsAsArray().map((metric) => [metric.name, [...labelsOf(metric)]])
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(made))
  })

  it('has every line that the gateway may log, and no other', async () => {
    const logged = new Set<string>()
    for await (const file of glob('gateway/**/*.ts', { cwd: root })) {
      if (file.endsWith('.test.ts')) continue
      const source = await readFile(path.join(root, file), 'utf8')
      for (const message of [...messagesIn(source), ...writtenLinesIn(source)]) logged.add(message)
    }
    const documented = (await readTable('TELEMETRY.md', '## Logs')).map(([message]) => bare(message))
    expect(documented.toSorted()).toEqual([...logged].toSorted())
  })

  it('has the fields of the lines about calls and state, and no others', async () => {
    const { lines } = await exercise()
    const documented = new Map(
      (await readTable('TELEMETRY.md', '## Logs')).map(([message, fields]) => [bare(message), names(fields)]),
    )
    expect(lines.length).toBeGreaterThan(5)
    for (const { level, time, msg, ...fields } of lines) {
      expect([typeof level, time === undefined]).toEqual(['number', false])
      expect([msg, Object.keys(fields).toSorted()]).toEqual([msg, documented.get(String(msg))?.toSorted()])
    }
    expect(JSON.stringify(lines)).not.toContain('canary')
  })
})

/** The last string of every call of a log; lines that kube/ hands over come in a variable and are its own. */
function messagesIn(source: string): readonly string[] {
  const messages = [...source.matchAll(/\blog(?:\.\w+|\[[^\]]+\])\(/gu)].map((call) => {
    let depth = 0
    let end = call.index + call[0].length - 1
    do {
      if (source[end] === '(') depth += 1
      if (source[end] === ')') depth -= 1
      end += 1
    } while (depth > 0)
    const [message = ''] =
      source
        .slice(call.index, end)
        .match(/'[^']*'/gu)
        ?.slice(-1) ?? []
    return message.slice(1, -1)
  })
  return messages.filter((message) => message !== '')
}

function labelsOf(metric: object): readonly string[] {
  const labels: unknown = Reflect.get(metric, 'labelNames')
  return Array.isArray(labels) ? labels.map(String) : []
}

/** Lines that are put together without the logger. */
function writtenLinesIn(source: string): readonly string[] {
  return [...source.matchAll(/\bmsg: '([^']+)'/gu)].map(([, message]) => message ?? '')
}
