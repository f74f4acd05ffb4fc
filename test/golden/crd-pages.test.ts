// The manual pages of the three kinds: every YAML block is a complete object that its CRD accepts (structurally here, by a real
// API server in test/cluster/crds.test.ts), and the expressions of policies compile.
import { describe, expect, test } from 'vitest'
import { compileCrd } from '../../crds/check-object.ts'
import type { InferencePolicySpec } from '../../crds/generated/inference-policy.ts'
import { type Example, readExamples } from '../../hack/generate/examples.ts'
import { readCrds } from '../../hack/generate/generate.ts'
import { compilePolicy } from '../../policy/compile.ts'
import { environmentsOf } from '../../policy/environment.ts'
import { makeCompiler } from '../../policy/expression.ts'

const files = readCrds()
const checks = new Map(files.map(({ crd, text }) => [crd.spec.names.kind, compileCrd(text)]))

describe.for(files.map(({ pageFile, page }) => ({ pageFile, examples: readExamples(page) })))(
  'crds/$pageFile',
  ({ pageFile, examples }) => {
    test('has an example of its own kind first', () => {
      expect(`${examples[0]?.kind.toLowerCase()}.md`).toBe(pageFile)
    })

    test.for(examples.map((example) => [example.kind, example.name, example] as const))(
      '%s %s is a complete object that the schema accepts',
      ([, , { object, kind, name, apiVersion }]) => {
        const check = checks.get(kind)
        expect(name).not.toBe('')
        expect(apiVersion.startsWith('portcullis.dev/')).toBe(check !== undefined)
        expect(check?.(object) ?? []).toEqual([])
      },
    )
  },
)

describe('policies of the manual', () => {
  const compile = makeCompiler()
  const policies = files.flatMap(({ page }) => readExamples(page)).filter(({ kind }) => kind === 'InferencePolicy')

  test.for(policies.map((example) => [example.name, example] as const))('%s compiles for OpenAI', ([, example]) => {
    const { problems } = compilePolicy(compile, toBundlePolicy(example), environmentsOf('OpenAI', false))
    expect(problems.filter(({ reason }) => reason !== 'NotSupported')).toEqual([])
  })
})

function toBundlePolicy({ name, namespace, object }: Example) {
  const ref = { namespace, name, uid: 'u', generation: 1 }
  const dictionaries = { 'customer-names/terms': ['Jane Roe'] }
  return { ref, baseline: false, spec: object['spec'] as InferencePolicySpec, dictionaries }
}
