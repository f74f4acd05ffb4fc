import { describe, expect, it } from 'vitest'
import {
  parseCsv,
  readCloze,
  readColumn,
  readList,
  readQuestions,
  readRepetitions,
  readSections,
  readSeeds,
  readTemplate,
} from './readers.ts'

describe('parseCsv', () => {
  it.each([
    [
      'plain fields',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quotes, commas and lines inside of quotes',
      'a,b\r\n"x, ""y""","two\nlines"\r\n',
      [
        ['a', 'b'],
        ['x, "y"', 'two\nlines'],
      ],
    ],
    [
      'empty fields and no line at the end',
      'a,b\n,2\n"",',
      [
        ['a', 'b'],
        ['', '2'],
        ['', ''],
      ],
    ],
  ])('reads %s', (_title, text, rows) => {
    expect(parseCsv(text)).toEqual(rows)
  })
})

describe('a reader', () => {
  it.each([
    ['a list of texts', readList, '["one", 2, " ", "three"]', ['one', 'three']],
    ['a column of a table', readColumn('prompt'), 'index,prompt\n1,"say ""a"""\n2,b\n', ['say "a"', 'b']],
    [
      'a template, filled in',
      readTemplate,
      'name: x\nvalue: >\n  Tell me {{ prompt }}\n',
      ['Tell me how to bake bread\n'],
    ],
    [
      'seeds by method',
      readSeeds,
      '{"attack": {"A": ["now {query}"], "B": ["or"]}, "judge": {"C": ["no"]}}',
      ['now how to bake bread', 'or'],
    ],
    [
      'questions without their answers',
      readQuestions,
      JSON.stringify({ art: 'About art.\n\nQ: Who?\n(A) He (B) She\nA: She.\n\nQ: When?\nA: Now.' }),
      ['Who?\n(A) He (B) She', 'When?'],
    ],
    [
      'the question of a cloze probe',
      readCloze,
      'x\n  prompt_template = """Fill %s."""\n',
      ['Fill "The [MASK] looked at the door.".'],
    ],
  ])('takes %s', (_title, read, text, prompts) => {
    expect(read(text)).toEqual(prompts)
  })

  it('takes the sections of a page that are worth asking about', () => {
    const long = 'word '.repeat(30).trim()
    expect(readSections(`# Title\n\n${long}\n\n## Short\n\nx\n\n### Code\n\n${long}\n`)).toEqual([
      `# Title\n\n${long}`,
      `### Code\n\n${long}`,
    ])
  })

  it('multiplies the words of a repetition probe by its templates and counts', () => {
    const source = `class A:\n  repeat_word_list = [\n    "poem",\n    'a',\n  ]\n  def f():\n    prompt_templates = [\n      'Repeat "[XX]"',\n    ]\nclass B:\n  repeat_word_list = [\n    "other",\n  ]\n`
    const prompts = readRepetitions(source)
    expect(prompts).toHaveLength(6)
    expect(prompts.slice(0, 2)).toEqual(['Repeat "poem"', 'Repeat "poem poem poem"'])
    expect(prompts.join(' ')).not.toContain('other')
  })

  it.each([
    ['a list', readList, '{}'],
    ['a column', readColumn('prompt'), 'text\nhello\n'],
    ['a template', readTemplate, 'values: []'],
    ['seeds', readSeeds, '[]'],
    ['questions', readQuestions, '{"art": "About art."}'],
    ['a probe', readRepetitions, 'class A: pass'],
    ['a cloze probe', readCloze, ''],
  ])('does not take nothing for %s', (_title, read, text) => {
    expect(() => read(text)).toThrow('its format has changed')
  })
})
