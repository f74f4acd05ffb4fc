import { describe, expect, it } from 'vitest'
import type { ModelConnectionContent, ModelConnectionSpec } from '../crds/generated/model-connection.ts'
import { findContentProblems, parsePointer, toCommonType } from './content.ts'

const text = { name: 'a', phase: 'Request', kind: 'Text' } as const
const binary = { name: 'b', phase: 'Request', kind: 'Binary' } as const
const png = { type: 'image/png' }

const toSpec = (
  content: Partial<ModelConnectionContent>,
  more: Partial<ModelConnectionSpec> = {},
): ModelConnectionSpec => ({
  mode: 'Active',
  protocol: 'HTTP',
  endpoints: [],
  content: { mode: 'Declared', ...content },
  ...more,
})
const pathsOf = (content: Partial<ModelConnectionContent>): readonly string[] =>
  findContentProblems(toSpec(content)).map(({ path }) => path)

describe('a declaration of content', () => {
  it('may name places of every form, and text beside binaries as the whole body', () => {
    const fields = [
      { ...text, pointer: '/inputs/*/text' },
      { ...text, name: 'p', formPart: 'prompt' },
      { ...text, name: 'w', body: 'Whole' as const },
      { ...binary, body: 'Whole' as const },
      { ...binary, name: 'f', formPart: 'image' },
      { ...text, name: 'r', phase: 'Response' as const, pointer: '/inputs/*/text' },
    ]
    expect(
      pathsOf({
        fields,
        media: [
          { ...png, maxWidth: 1 },
          { type: 'audio/wav', maxBytes: 1 },
        ],
      }),
    ).toEqual([])
  })

  it.each<[string, Partial<ModelConnectionContent>, readonly string[]]>([
    ['a pointer that is none', { fields: [{ ...text, pointer: '/a~2' }] }, ['spec.content.fields[0].pointer']],
    [
      'a pointer to binaries',
      { fields: [{ ...binary, pointer: '/a' }], media: [png] },
      ['spec.content.fields[0].kind'],
    ],
    ['a protobuf field', { fields: [{ ...text, messageField: 'a.B.c' }] }, ['spec.content.fields[0].messageField']],
    [
      'a form in a response',
      { fields: [{ ...text, phase: 'Response', formPart: 'a' }] },
      ['spec.content.fields[0].formPart'],
    ],
    [
      'the same pointer twice',
      {
        fields: [
          { ...text, pointer: '/a' },
          { ...text, name: 'c', pointer: '/a' },
        ],
      },
      ['spec.content.fields[1]'],
    ],
    [
      'text and binaries in one part',
      {
        fields: [
          { ...text, formPart: 'x' },
          { ...binary, formPart: 'x' },
        ],
        media: [png],
      },
      ['spec.content.fields[1]'],
    ],
    [
      'a data class of binaries',
      { fields: [{ ...binary, formPart: 'x', classification: 'PHI' }], media: [png] },
      ['spec.content.fields[0].classification'],
    ],
    ['binaries without media', { fields: [{ ...binary, formPart: 'x' }] }, ['spec.content.media']],
    ['media without binaries', { fields: [{ ...text, formPart: 'x' }], media: [png] }, ['spec.content.media']],
    ['media alone', { media: [png] }, ['spec.content.media']],
    [
      'descriptors',
      { fields: [{ ...text, formPart: 'x' }], descriptorSetRef: { name: 'd' } },
      ['spec.content.descriptorSetRef'],
    ],
    [
      'text as media',
      { fields: [{ ...binary, body: 'Whole' }], media: [{ type: 'text/plain' }] },
      ['spec.content.media[0].type'],
    ],
    [
      'another name of a type',
      { fields: [{ ...binary, body: 'Whole' }], media: [{ type: 'image/jpg' }] },
      ['spec.content.media[0].type'],
    ],
    [
      'the width of a sound',
      { fields: [{ ...binary, body: 'Whole' }], media: [{ type: 'audio/wav', maxWidth: 1 }] },
      ['spec.content.media[0].maxWidth'],
    ],
    [
      'the height of a document',
      { fields: [{ ...binary, body: 'Whole' }], media: [{ type: 'application/pdf', maxHeight: 1 }] },
      ['spec.content.media[0].maxHeight'],
    ],
  ])('is a problem at its field with %s', (_title, content, paths) => {
    expect(pathsOf(content)).toEqual(paths)
  })

  it('is none of this page’s business on other protocols and in mode Opaque', () => {
    expect(findContentProblems(toSpec({ media: [png] }, { protocol: 'OpenAI' }))).toEqual([])
    expect(findContentProblems(toSpec({ mode: 'Opaque' }))).toEqual([])
  })
})

describe('a pointer', () => {
  it.each<[string, readonly string[] | undefined]>([
    ['/a/*/b', ['a', '*', 'b']],
    ['/a~1b/~01', ['a/b', '~1']],
    ['/', ['']],
    ['', undefined],
    ['a', undefined],
    ['/~', undefined],
  ])('%s', (pointer, segments) => {
    expect(parsePointer(pointer)).toEqual(segments)
  })
})

it('a media type of several names has one', () => {
  expect(['image/jpg', 'audio/x-wav', 'image/png'].map(toCommonType)).toEqual(['image/jpeg', 'audio/wav', 'image/png'])
})
