import { expect, it } from 'vitest'

import { parseCoreBusyUs, parseCpuTimeUs, readCpuTimeUs } from './cpu-time.ts'

const rest = 'S 1 1 1 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 11 0 1000 1 1'

it.each([
  ['adds user and system time', `12 (node) ${rest}`, 3_000_000],
  ['is not misled by the name of the command', `12 (a) b (1 2 3) ${rest}`, 3_000_000],
  ['is unknown for a text of another form', 'nonsense', undefined],
  ['is unknown for a text that ends early', '12 (node) S 1', undefined],
])('CPU time %s', (_, stat, micros) => {
  expect(parseCpuTimeUs(stat)).toBe(micros)
})

it.runIf(process.platform === 'linux')(
  'CPU time of this process is some, and what the process itself says',
  async () => {
    const { user, system } = process.cpuUsage()
    const micros = await readCpuTimeUs(process.pid)
    expect(micros).toBeGreaterThan(0)
    expect(micros).toBeGreaterThanOrEqual(user + system - 30_000)
  },
)

it.each([
  ['is the sum of all but idle and waiting', '1', 140_000],
  ['is not that of a core whose number starts alike', '11', 60_000],
  ['is unknown for a core that is not there', '2', undefined],
])('the busy time of a core %s', (_, core, micros) => {
  const stat = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 1 2 3 100 50 4 3 1 0 0\ncpu11 1 1 1 100 50 1 1 1 0 0\nintr 1\n'
  expect(parseCoreBusyUs(stat, core)).toBe(micros)
})
