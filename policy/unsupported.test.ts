import { describe, expect, it } from 'vitest'
import type { ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import { makeConnection } from '../test/helpers/make.ts'
import { toProblemText } from './problem.ts'
import { findUnsupportedInConnection, tokenizers } from './unsupported.ts'

type Model = NonNullable<ModelConnectionSpec['models']>[number]

const problemsOf = (spec: Partial<ModelConnectionSpec>): readonly string[] =>
  findUnsupportedInConnection(makeConnection(spec).spec).map(toProblemText)

const withModel = (model: Partial<Model>, protocol: ModelConnectionSpec['protocol'] = 'OpenAI'): readonly string[] =>
  problemsOf({ protocol, models: [{ name: 'm', ...model }] })

describe('models', () => {
  it.for(tokenizers.map((name) => [name] as const))('may be counted by %s', async ([name]) => {
    expect(withModel({ tokenizer: name })).toEqual([])
    const encoding: unknown = await import(`gpt-tokenizer/encoding/${name}`)
    expect(encoding).toHaveProperty('countTokens')
  })

  it('cannot be counted by a tokenizer that is not there, and the problem names those that are', () => {
    expect(withModel({ tokenizer: 'llama3' })).toEqual([
      'spec.models[0].tokenizer: this tokenizer is not supported by this version of Portcullis; choose one of o200k_base, ' +
        'cl100k_base, p50k_base, r50k_base, or remove it',
    ])
  })

  it.for([
    ['OpenInference', true],
    ['TensorFlowServing', true],
    ['TorchServe', true],
    ['Triton', true],
    ['OpenAI', false],
    ['Anthropic', false],
    ['KServeV1', false],
    ['MCP', false],
  ] as const)('of %s may ask for a version: %s', ([protocol, may]) => {
    const refusal = `spec.models[0].upstreamVersion: an upstream version on protocol ${protocol} is not supported by this version of Portcullis; remove it`
    expect(withModel({ upstreamVersion: '3' }, protocol)).toEqual(may ? [] : [refusal])
  })
})
