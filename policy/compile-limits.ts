// The limits of a policy, compiled to what a call demands of the counters; only the key is left to be worked out for each call.
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import type { Work } from './compile-work.ts'
import type { CompiledLimit } from './compiled.ts'
import type { Environment } from './environment.ts'
import type { LimitDemand } from './judgement.ts'
import { toDurationMs } from './settings-text.ts'

type Limit = NonNullable<InferencePolicySpec['limits']>[number]

export interface LimitScope {
  /** Of the policy. */
  readonly id: string
  readonly environment: Environment | undefined
}

export function compileLimits(work: Work, spec: InferencePolicySpec, scope: LimitScope): readonly CompiledLimit[] {
  const acts = spec.mode === 'Enforce'
  return (spec.limits ?? []).flatMap((limit, i) => {
    const path = `spec.limits[${i}]`
    const { environment } = scope
    if (environment === undefined) {
      const message = 'limits cannot be counted for the protocol of a connection it selects'
      return work.refuse(path, 'NotSupported', message) ?? []
    }
    const measured = toMeasure(work, limit, { path, environment })
    const key = work.compile(limit.key, { path: `${path}.key`, environment, expected: 'string' })
    if (key === undefined || measured === undefined) return []
    const { name, onUnavailable = 'Deny' } = limit
    return [{ key, demand: { policy: scope.id, limit: name, ...measured, onUnavailable, acts } }]
  })
}

interface LimitPlace {
  readonly path: string
  readonly environment: Environment
}

type Measured = Pick<LimitDemand, 'measure' | 'max' | 'windowMs'>

/** The CRD sees to it that there is one measure, and a window where one is needed; a bundle may come from elsewhere. */
function toMeasure(work: Work, limit: Limit, { path, environment }: LimitPlace): Measured | undefined {
  if (limit.concurrent !== undefined) return { measure: 'Concurrent', max: limit.concurrent, windowMs: 0 }
  const windowMs = toDurationMs(limit.window ?? '') ?? 0
  if (windowMs <= 0) return work.refuse(`${path}.window`, 'Invalid', 'a window is needed, such as 1m or 24h')
  if (limit.requests !== undefined) return { measure: 'Requests', max: limit.requests, windowMs }
  if (limit.tokens === undefined) {
    return work.refuse(path, 'Invalid', 'set one of requests, tokens and concurrent')
  }
  if (environment.structs['request']?.['inputTokens'] === undefined) {
    const message =
      'tokens cannot be counted for the protocol of a connection it selects; limit requests or concurrent calls'
    return work.refuse(`${path}.tokens`, 'NotSupported', message)
  }
  work.reads.add('request.inputTokens')
  return { measure: 'Tokens', max: limit.tokens, windowMs }
}
