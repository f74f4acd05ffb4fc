import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import type { LimitDemand } from '../../policy/evaluate.ts'
import { makeLimitTelemetry } from './telemetry.ts'

const demand: LimitDemand = {
  policy: 'team/policy',
  limit: 'calls',
  key: 'ada@example.com',
  measure: 'Requests',
  max: 1,
  windowMs: 1_000,
  onUnavailable: 'Deny',
  acts: false,
}

it('counts refusals by names of declared objects, never by whose count it was', async () => {
  const registry = new Registry()
  const { onRefused } = makeLimitTelemetry(registry, { storeGone: () => {}, storeBack: () => {} })
  onRefused(demand, { effect: 'Deny', reason: 'LimitExceeded' })
  const text = await registry.metrics()
  expect(text).toContain(
    'portcullis_limit_refusals_total{policy="team/policy",limit="calls",reason="LimitExceeded",mode="Audit"} 1',
  )
  expect(text).not.toContain('ada')
})

it('says nothing of a store where none is configured', async () => {
  const registry = new Registry()
  const told: unknown[] = []
  const { onStore } = makeLimitTelemetry(registry, {
    storeGone: (cause) => told.push(cause),
    storeBack: () => told.push('back'),
  })
  expect(await registry.metrics()).not.toMatch(/^portcullis_limit_store_up/mu)
  onStore(true)
  expect(await registry.metrics()).toMatch(/^portcullis_limit_store_up 1$/mu)
  onStore(false, 'cause')
  expect(await registry.metrics()).toMatch(/^portcullis_limit_store_up 0$/mu)
  expect(told).toEqual(['back', 'cause'])
})
