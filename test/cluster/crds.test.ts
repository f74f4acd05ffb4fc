// The three CRDs as people meet them: the manual's examples, kubectl explain and get, typing errors, edits by hand.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { readExamples } from '../../hack/generate/examples.ts'
import { readCrds } from '../../hack/generate/generate.ts'
import { makeNamespace, type Namespace, sharedCluster } from '../helpers/cluster.ts'
import { installCrds, mustKubectl } from './crds-api.ts'

const cluster = sharedCluster()
let namespace: Namespace

beforeAll(async () => {
  await installCrds(cluster)
  namespace = await makeNamespace(cluster, { prefix: 'crds' })
})

afterAll(() => namespace[Symbol.asyncDispose]())

describe.for(readCrds().map(({ pageFile, page }) => ({ pageFile, examples: readExamples(page) })))(
  'crds/$pageFile',
  ({ examples }) => {
    test.for(examples.map((example) => [example.kind, example.name, example] as const))(
      '%s %s is accepted by the API server',
      async ([, , { object, kind }]) => {
        const moved = { ...object, metadata: { ...(object['metadata'] as object), namespace: namespace.name } }
        const dryRun = ['create', '--dry-run=server', '--validate=strict', '-o', 'name', '-f', '-']
        expect((await mustKubectl(cluster, dryRun, stringify(moved))).toLowerCase()).toContain(kind.toLowerCase())
      },
    )
  },
)

const root = path.resolve(import.meta.dirname, '../..')
const kinds: ReadonlySet<string> = new Set(['ModelConnection', 'InferencePolicy'])

test.for(globSync('config/{samples,samples/lessons,packs}/*.yaml', { cwd: root }))(
  'every object of %s is accepted by the API server',
  async (file) => {
    const documents = parseAllDocuments(readFileSync(path.join(root, file), 'utf8')).map((one): Declared => one.toJS())
    const ours = documents.filter(({ kind }) => kinds.has(kind))
    const items = ours.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: namespace.name } }))
    const dryRun = ['create', '--dry-run=server', '--validate=strict', '-o', 'name', '-f', '-']
    const names = await mustKubectl(cluster, dryRun, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    expect(names.trim().split('\n')).toHaveLength(ours.length)
  },
)

interface Declared {
  readonly kind: string
  readonly metadata: object
}

describe('kubectl explain', () => {
  test.for([
    ['modelconnections.spec.endpoints.url', 'Example: https://api.openai.com/v1'],
    ['infpol.spec.rules.when', 'An error at run time refuses the call'],
    ['apr.spec.decisions', 'never changed'],
    ['mconn.spec', '-required-'],
  ] as const)('%s is a manual', async ([field, fragment]) => {
    const text = await mustKubectl(cluster, ['explain', field])
    expect(text.replaceAll(/\s+/g, ' ')).toContain(fragment)
  })
})

describe('kubectl get', () => {
  test('shows what is asked first, and reasons with -o wide', async () => {
    const stored = makeConnection('shown')
    await mustKubectl(cluster, ['apply', '-n', namespace.name, '-f', '-'], stringify(stored))
    const condition = { type: 'Accepted', status: 'False', reason: 'NotSupported', message: 'm', observedGeneration: 1 }
    const conditions = [{ ...condition, lastTransitionTime: '2030-01-01T00:00:00Z' }]
    const status = JSON.stringify({ status: { observedGeneration: 1, enforced: '2/3', policies: '1', conditions } })
    await mustKubectl(cluster, [
      'patch',
      'mconn',
      'shown',
      `--namespace=${namespace.name}`,
      '--subresource=status',
      '--type=merge',
      `--patch=${status}`,
    ])
    const get = ['get', 'mconn', 'shown', '-n', namespace.name]
    const [heads = '', row = ''] = (await mustKubectl(cluster, get)).split('\n')
    expect(heads.split(/\s+/)).toEqual([
      'NAME',
      'MODE',
      'PROTOCOL',
      'ACCEPTED',
      'PROGRAMMED',
      'ENFORCED',
      'POLICIES',
      'AGE',
    ])
    expect(row).toMatch(/^shown +Active +OpenAI +False +2\/3 +1 +\S+$/)
    expect(await mustKubectl(cluster, [...get, '-o', 'wide'])).toContain('NotSupported')
  })

  test('finds all three kinds by their category', async () => {
    const name = ['get', 'portcullis', '-n', namespace.name, '-o', 'name']
    expect(await mustKubectl(cluster, name)).toContain('modelconnection.portcullis.dev/shown')
  })

  test('selects by fields', async () => {
    const get = ['get', 'mconn', '-n', namespace.name, '-o', 'name', '--field-selector']
    expect(await mustKubectl(cluster, [...get, 'spec.mode=Paused'])).toBe('')
    expect(await mustKubectl(cluster, [...get, 'spec.mode=Active'])).toContain('shown')
  })

  test('describe shows the conditions', async () => {
    const text = await mustKubectl(cluster, ['describe', 'mconn', 'shown', '-n', namespace.name])
    expect(text).toContain('NotSupported')
    expect(text).toContain('https://api.example.com')
  })
})

describe('typing errors', () => {
  test('an unknown field is refused and named', async () => {
    const object = makeConnection('typo')
    const wrong = { ...object, spec: { ...object.spec, endpoint: [] } }
    const result = await cluster.kubectl(['create', '-n', namespace.name, '-f', '-'], { stdin: stringify(wrong) })
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('unknown field "spec.endpoint"')
  })

  test('and so it is deep inside a list, also by server-side apply', async () => {
    const object = makePolicy('typo')
    const wrong = { ...object, spec: { ...object.spec, rules: [{ ...object.spec.rules[0], wen: 'true' }] } }
    const apply = ['apply', '--server-side', '-n', namespace.name, '-f', '-']
    const result = await cluster.kubectl(apply, { stdin: stringify(wrong) })
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('wen')
  })
})

// GitOps tools and `kubectl diff` find drift by a server-side dry-run apply of the original. With a granular spec, what somebody
// else had added would be kept and stay invisible.
describe('an edit by hand is seen by a dry run of the original', () => {
  const edits: Readonly<Record<string, object>> = {
    'a rule that was added': {
      rules: [...makePolicy('drift').spec.rules, { name: 'more', phase: 'Request', action: 'Allow' }],
    },
    'a policy that was switched off': { mode: 'Disabled' },
    'a selector that was narrowed': { targetSelector: { matchLabels: { tier: 'production', stage: 'dev' } } },
    'subjects that were added': { subjects: [{ name: 'alice', user: 'alice' }] },
    'a mask that was added': {
      dataClasses: [{ name: 'PII', detectors: ['Email'] }],
      masking: { request: [{ name: 'm', class: 'PII', action: 'Redact' }] },
    },
  }

  test.for(Object.entries(edits))('%s', async ([, edit]) => {
    const original = makePolicy(`drift-${Object.values(edits).indexOf(edit)}`)
    const { name } = original.metadata
    const apply = ['apply', '--server-side', '--field-manager=gitops', '-n', namespace.name, '-o', 'yaml', '-f', '-']
    await mustKubectl(cluster, apply, stringify(original))
    const patch = ['patch', 'infpol', name, '-n', namespace.name, '--type=merge', '-p', JSON.stringify({ spec: edit })]
    await mustKubectl(cluster, patch)
    const live = await readSpec(name)
    expect(live).not.toEqual(original.spec)

    const force = [...apply.slice(0, -2), '--force-conflicts', '--dry-run=server', '-f', '-']
    const wanted = parse(await mustKubectl(cluster, force, stringify(original))) as { spec: unknown }
    expect(wanted.spec).toEqual(original.spec)
    expect(await readSpec(name)).toEqual(live)
  })
})

async function readSpec(name: string): Promise<unknown> {
  const text = await mustKubectl(cluster, ['get', 'infpol', name, '-n', namespace.name, '-o', 'yaml'])
  return (parse(text) as { spec: unknown }).spec
}

function makeConnection(name: string) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ModelConnection',
    metadata: { name },
    spec: { mode: 'Active', protocol: 'OpenAI', endpoints: [{ name: 'main', url: 'https://api.example.com' }] },
  }
}

function makePolicy(name: string) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'InferencePolicy',
    metadata: { name },
    spec: {
      mode: 'Enforce',
      targetSelector: { matchLabels: { tier: 'production' } },
      rules: [{ name: 'all', phase: 'Request', action: 'Allow' }],
    },
  }
}
