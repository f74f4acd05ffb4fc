// The manual pages of the three kinds: every YAML block is a complete object that its CRD accepts (structurally here, by a real
// API server in test/cluster/crds.test.ts), and what this version supports compiles.
import { describe, expect, test } from 'vitest'
import { readCrds } from '../../hack/generate/generate.ts'
import { validateObject } from '../../hack/crd-lint/validate.ts'
import { readExamples } from '../../hack/generate/examples.ts'

const files = readCrds()
const crds = new Map(files.map(({ crd }) => [crd.spec.names.kind, crd]))

describe.for(files.map(({ pageFile, page }) => ({ pageFile, examples: readExamples(page) })))(
  'crds/$pageFile',
  ({ pageFile, examples }) => {
    test('has an example of its own kind first', () => {
      expect(`${examples[0]?.kind.toLowerCase()}.md`).toBe(pageFile)
    })

    test.for(examples.map((example) => [example.kind, example.name, example] as const))(
      '%s %s is a complete object that the schema accepts',
      ([, , { object, kind, name, apiVersion }]) => {
        const crd = crds.get(kind)
        expect(name).not.toBe('')
        expect(apiVersion.startsWith('portcullis.dev/')).toBe(crd !== undefined)
        expect(crd === undefined ? [] : validateObject(crd, object)).toEqual([])
      },
    )
  },
)
