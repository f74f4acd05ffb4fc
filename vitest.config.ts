// Which tests run where: `npm run check` runs unit, golden and features; `npm test` all but nightly (hack/test.ts). The projects
// that start processes run one file at a time, after the others: two cores do not carry both.
import { defineConfig } from 'vitest/config'

/**
 * Tests that stay in their process share its modules: nothing here mocks one or keeps state in one, and half of the time would be
 * spent on importing. More workers than cores, because many of them wait on sockets.
 */
const quick = { pool: 'threads', isolate: false, maxWorkers: 3, testTimeout: 15_000 } as const

const rooms = '{policy,kube,gateway,operator,cli,crds,hack}'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', ...quick, include: [`${rooms}/**/*.test.ts`] } },
      { test: { name: 'golden', ...quick, include: ['test/golden/*.test.ts'] } },
      { test: { name: 'features', ...quick, include: ['test/features/**/*.test.ts'] } },
      { test: { name: 'clients', ...quick, include: ['test/clients/*.test.ts'] } },
      { test: { name: 'bypass', ...quick, include: ['test/bypass/*.test.ts'] } },
      { test: { name: 'fuzz', ...quick, include: ['test/fuzz/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/cluster/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{e2e,faults}/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'nightly',
          include: ['test/nightly/**/*.test.ts'],
          globalSetup: ['test/cluster/global-setup.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
