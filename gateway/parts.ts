// What a gateway is built from: what differs between a pod, the standalone product and a test.
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { KubeClient } from '../kube/client.ts'
import type { Clock } from '../kube/clock.ts'
import type { KubeMetrics } from '../kube/telemetry.ts'
import type { Config } from './config.ts'

export interface GatewayParts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly registry: Registry
  readonly random: () => number
  /** Absent: standalone, or from mounts alone. */
  readonly kube?: { readonly client: KubeClient; readonly metrics: KubeMetrics } | undefined
}
