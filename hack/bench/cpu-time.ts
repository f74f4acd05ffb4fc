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
