// What the gateway is given to enforce: a bundle with one issuer, one connection to the mock and one policy with one rule, with or
// without one that masks, laid down as the kubelet mounts its ConfigMap. The operator's part is not measured here, so there is none.
import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'

import type { Bundle } from '../../../policy/bundle.ts'
import { bundleConfigMapName, toConfigMaps } from '../../../policy/bundle-config-map.ts'
import { encodeBundle } from '../../../policy/bundle-wire.ts'
import { bundleFormat } from '../../../policy/bundle.ts'
import type { JsonObject } from '../../../policy/model.ts'
import { shippedDetectors } from '../masking/baseline.ts'

export const issuer = 'https://issuer.bench.invalid'
export const audience = 'portcullis-bench'
export const prefix = '/bench/mock/'

const ref = (name: string) => ({ namespace: 'bench', name, uid: `uid-of-${name}`, generation: 1 })

export interface BundleParts {
  readonly upstreamOrigin: string
  /** The issuer's, in the settings: how keys are fetched is no part of a call. */
  readonly key: JsonObject
  /** A second policy masks on both ways. */
  readonly masks: boolean
}

export function makeBundle({ upstreamOrigin, key, masks }: BundleParts): Bundle {
  const endpoint = { name: 'mock', origin: upstreamOrigin, basePath: '', weight: 1, place: 'External' } as const
  const rule = {
    name: 'staff-may-call',
    phase: 'Request',
    when: '"staff" in identity.groups && request.model.startsWith("bench-")',
    action: 'Allow',
  } as const
  return {
    format: bundleFormat,
    settings: {
      issuers: [{ name: 'bench', issuer, preset: 'Generic', audiences: [audience], jwks: { keys: [key] }, claims }],
      grants: [],
    },
    network: { apiServer: [], clusterRanges: [] },
    connections: [
      {
        ref: ref('mock'),
        labels: {},
        prefix,
        hostnames: [],
        endpoints: [endpoint],
        spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [{ name: 'mock', url: upstreamOrigin }] },
      },
    ],
    policies: [
      {
        ref: ref('staff'),
        baseline: false,
        spec: { mode: 'Enforce', targetRefs: [{ name: 'mock' }], rules: [rule] },
      },
      ...(masks ? [makeMaskPolicy()] : []),
    ],
  }
}

/** The 24 classes of suite `masking`, by the names that people use for them. */
function makeMaskPolicy(): Bundle['policies'][number] {
  const mask = { name: 'all', class: 'Personal', action: 'Redact' } as const
  return {
    ref: ref('masks'),
    baseline: false,
    spec: {
      mode: 'Enforce',
      targetRefs: [{ name: 'mock' }],
      dataClasses: [{ name: 'Personal', detectors: shippedDetectors().map(({ name }) => name) }],
      masking: { request: [mask], response: [mask] },
    },
  }
}

const claims = { username: { claim: 'sub' }, groups: { claim: 'groups' } }

/** Writes the folder that PORTCULLIS_BUNDLE_FOLDER names: a folder per ConfigMap, its files behind a `..data` link. */
export async function writeMountedBundle(folder: string, bundle: Bundle): Promise<void> {
  const parts = encodeBundle(bundle, (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`)
  const revision = { epoch: 1, n: 1, digest: parts.digest }
  const { index } = toConfigMaps(parts, revision, { gzip: (text) => gzipSync(text), digestInSlot: () => undefined })
  const mounted = path.join(folder, bundleConfigMapName)
  await mkdir(path.join(mounted, '..1'), { recursive: true })
  const files = Object.entries({ ...index.data, ...index.binaryData })
  await Promise.all(
    files.map(async ([name, content]) => {
      await writeFile(path.join(mounted, '..1', name), content)
    }),
  )
  await symlink('..1', path.join(mounted, '..data'))
}
