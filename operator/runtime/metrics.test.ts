import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { makeKubeMetrics } from '../../kube/telemetry.ts'
import { ManualClock } from '../../test/helpers/manual-clock.ts'
import { makeRuntimeMetrics } from './metrics.ts'
import { WorkQueue } from './queue.ts'

it('serves the names of client-go and controller-runtime from the registry it is given', async () => {
  const registry = new Registry()
  const metrics = makeRuntimeMetrics(registry)
  const kube = makeKubeMetrics(registry)
  const clock = new ManualClock()
  const queue = new WorkQueue({ clock, random: () => 0, metrics }, { name: 'widgets' })
  queue.add('a')
  queue.add('b')
  await queue.take()
  await clock.advance(3_000)
  metrics.reconciled('widgets', 'done', 0.1)
  metrics.leading('operator', true)
  kube.requested({ verb: 'get', method: 'GET', host: 'server', code: '200', seconds: 0.1 })
  kube.restarted('widgets', 'Gone')
  const text = await registry.metrics()
  for (const line of [
    'workqueue_adds_total{name="widgets"} 2',
    'workqueue_depth{name="widgets"} 1',
    'workqueue_unfinished_work_seconds{name="widgets"} 3',
    'workqueue_longest_running_processor_seconds{name="widgets"} 3',
    'controller_runtime_reconcile_total{controller="widgets",result="done"} 1',
    'leader_election_master_status{name="operator"} 1',
    'rest_client_requests_total{code="200",method="GET",host="server"} 1',
    'rest_client_request_duration_seconds_count{verb="get",host="server"} 1',
    'reflector_watch_restarts_total{resource="widgets",reason="Gone"} 1',
  ])
    expect(text).toContain(line)
})

it('can be made twice, for two registries', () => {
  expect(() => [makeRuntimeMetrics(new Registry()), makeRuntimeMetrics(new Registry())]).not.toThrow()
})
