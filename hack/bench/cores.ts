// Which cores a run uses: the last one for the proxy alone (the first tends to serve interrupts), the others for the load
// generator, the mock and the bench itself.
import type { Cores } from './suite.ts'

/** Reads the kernel's list of allowed CPUs, as in `0-3,8`; undefined when it is not one. */
export function parseCpuList(list: string): readonly number[] | undefined {
  const cpus: number[] = []
  for (const part of list.trim().split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part)
    if (match === null) return undefined
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu)
  }
  return cpus
}

/** Shares the CPUs that /proc/self/status allows; undefined when there are fewer than two. */
export function shareCores(processStatus: string): Cores | undefined {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(processStatus)?.[1]
  const cpus = list === undefined ? undefined : parseCpuList(list)
  const proxy = cpus?.at(-1)
  if (cpus === undefined || proxy === undefined || cpus.length < 2) return undefined
  return { proxy: `${proxy}`, others: cpus.slice(0, -1).join(',') }
}
