import { expect, it } from 'vitest'

import { parseCpuList, shareCores } from './cores.ts'

it.each([
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['1,4-5\n', [1, 4, 5]],
  ['', undefined],
  ['0-', undefined],
  ['a', undefined],
])('the CPU list %j is %j', (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus)
})

it('the proxy has the last allowed core to itself', () => {
  const status = 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-1,6\nMems_allowed_list:\t0\n'
  expect(shareCores(status)).toEqual({ proxy: '6', others: '0,1' })
})

it.each([['Cpus_allowed_list:\t3\n'], ['Name:\tnode\n']])('one core cannot be shared: %j', (status) => {
  expect(shareCores(status)).toBeUndefined()
})
