// The runtime's metrics under the names that client-go and controller-runtime gave them, so that existing dashboards
// and alerts fit. The registry is passed in; nothing is kept in the module.
import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'

export interface QueueLoad {
  readonly depth: number
  readonly unfinishedSeconds: number
  readonly longestSeconds: number
}

export interface QueueMetrics {
  readonly added: (queue: string) => void
  readonly retried: (queue: string) => void
  readonly waited: (queue: string, seconds: number) => void
  readonly worked: (queue: string, seconds: number) => void
  /** Read when metrics are scraped. */
  readonly observe: (queue: string, read: () => QueueLoad) => void
}

export interface ControllerMetrics {
  readonly reconciled: (controller: string, result: string, seconds: number) => void
}

export interface LeaderMetrics {
  readonly leading: (lease: string, isLeading: boolean) => void
}

export interface StatusMetrics {
  readonly statusWritten: (resource: string, result: string) => void
}

export interface EventMetrics {
  readonly eventWritten: (result: 'written' | 'failed' | 'dropped') => void
}

export interface RuntimeMetrics extends QueueMetrics, ControllerMetrics, LeaderMetrics, StatusMetrics, EventMetrics {}

export function makeRuntimeMetrics(registry: Registry): RuntimeMetrics {
  return { ...makeQueueMetrics(registry), ...makeControllerMetrics(registry), ...makeWriteMetrics(registry) }
}

const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300]

function makeQueueMetrics(registry: Registry): QueueMetrics {
  const registers = [registry]
  const labelNames = ['name'] as const
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Adds handled by the work queue',
    labelNames,
    registers,
  })
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Retries handled by the work queue',
    labelNames,
    registers,
  })
  const waits = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key stays in the queue before it is taken',
    labelNames,
    buckets,
    registers,
  })
  const works = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long processing a key takes',
    labelNames,
    buckets,
    registers,
  })
  const loads = new Map<string, () => QueueLoad>()
  const gauge = (name: string, help: string, pick: (load: QueueLoad) => number): Gauge<'name'> =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const [queue, read] of loads) this.set({ name: queue }, pick(read()))
      },
    })
  gauge('workqueue_depth', 'Keys that wait for a worker', (load) => load.depth)
  gauge('workqueue_unfinished_work_seconds', 'Seconds of work in progress', (load) => load.unfinishedSeconds)
  gauge(
    'workqueue_longest_running_processor_seconds',
    'Age of the oldest work in progress',
    (load) => load.longestSeconds,
  )
  return {
    added: (name) => adds.inc({ name }),
    retried: (name) => retries.inc({ name }),
    waited: (name, seconds) => waits.observe({ name }, seconds),
    worked: (name, seconds) => works.observe({ name }, seconds),
    observe: (name, read) => void loads.set(name, read),
  }
}

function makeControllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry]
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles, by controller and result',
    labelNames: ['controller', 'result'],
    registers,
  })
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of a reconcile, by controller',
    labelNames: ['controller'],
    buckets,
    registers,
  })
  return {
    reconciled: (controller, result, seconds) => {
      total.inc({ controller, result })
      time.observe({ controller }, seconds)
    },
  }
}

function makeWriteMetrics(registry: Registry): LeaderMetrics & StatusMetrics & EventMetrics {
  const registers = [registry]
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process holds the lease',
    labelNames: ['name'],
    registers,
  })
  const statuses = new Counter({
    name: 'operator_status_writes_total',
    help: 'Status writes, by resource and result (unchanged ones are not sent)',
    labelNames: ['resource', 'result'],
    registers,
  })
  const events = new Counter({
    name: 'operator_events_total',
    help: 'Kubernetes Events, by result',
    labelNames: ['result'],
    registers,
  })
  return {
    leading: (name, isLeading) => leader.set({ name }, isLeading ? 1 : 0),
    statusWritten: (resource, result) => statuses.inc({ resource, result }),
    eventWritten: (result) => events.inc({ result }),
  }
}
