// CPU time of a process with all its threads, from the kernel's account of it.
import { readFile } from 'node:fs/promises'

/** Linux reports these fields in hundredths of a second on every architecture, whatever the kernel's own tick. */
const microsPerTick = 10_000

/** utime + stime of /proc/<pid>/stat in µs; undefined when the text is not one. */
export function parseCpuTimeUs(stat: string): number | undefined {
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return stat.includes(')') && Number.isFinite(ticks) ? ticks * microsPerTick : undefined
}

/** CPU time of a process so far; throws when it is gone. */
export async function readCpuTimeUs(pid: number): Promise<number> {
  const micros = parseCpuTimeUs(await readFile(`/proc/${pid}/stat`, 'utf8'))
  if (micros === undefined) throw new Error(`/proc/${pid}/stat is not in the form that Linux documents`)
  return micros
}

/** Time that a core was not idle, in µs, from /proc/stat; undefined when the text has no such core. */
export function parseCoreBusyUs(stat: string, core: string): number | undefined {
  const line = stat.split('\n').find((candidate) => candidate.startsWith(`cpu${core} `))
  // user nice system idle iowait irq softirq steal; guest time is part of user already.
  const [user, nice, system, , , irq, softirq, steal] = (line?.split(/\s+/).slice(1) ?? []).map(Number)
  const parts = [user, nice, system, irq, softirq, steal]
  const ticks = parts.reduce<number>((sum, part) => sum + (part ?? Number.NaN), 0)
  return Number.isFinite(ticks) ? ticks * microsPerTick : undefined
}

/** Time that a core was not idle since the machine started. */
export async function readCoreBusyUs(core: string): Promise<number> {
  const micros = parseCoreBusyUs(await readFile('/proc/stat', 'utf8'), core)
  if (micros === undefined) throw new Error(`/proc/stat says nothing about core ${core}`)
  return micros
}
