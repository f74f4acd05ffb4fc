import { expect, it } from 'vitest'
import { Engine } from './engine.ts'
import { kubernetesLibraries } from './kubernetes/libraries.ts'

// No clock here: what is held is that each ends, refused or within its budget, which is what makes it end soon. A call may overdraw by
// what it announces before it begins, and then does nothing.
const budget = 1_000_000
const engine = new Engine({ budget, libraries: kubernetesLibraries })
const environment = engine.declare({
  variables: { text: 'string', list: 'list<int>', words: 'list<string>', body: 'dyn' },
})
const list = Array.from({ length: 1000 }, (_item, index) => index)
const text = `${'a'.repeat(300_000)}!`
const variables = {
  text,
  list,
  words: list.map((index) => 'w'.repeat(50_000) + String(index % 2)),
  body: { list, text },
}

function nest(depth: number, macro: string, body: string): string {
  return Array.from({ length: depth }).reduce<string>(
    (inner, _level, index) => `list.${macro}(v${index}, ${inner})`,
    body,
  )
}

function doubling(times: number, start: string, operation: (previous: string) => string): string {
  const opening = Array.from({ length: times }, (_time, index) => `cel.bind(x${index + 1}, ${operation(`x${index}`)}, `)
  return `cel.bind(x0, ${start}, ${opening.join('')}size(x${times})${')'.repeat(times + 1)}`
}

it.each([
  ['loops in loops', nest(2, 'all', 'true')],
  ['loops six deep', nest(6, 'all', 'true')],
  ['lists of lists of lists', nest(3, 'map', '1')],
  ['allocation in loops', nest(2, 'map', '{v0: [v1, v1]}')],
  ['failures that loops absorb', nest(2, 'all', 'body.nothing == 1')],
  ['text that doubles', doubling(40, 'text', (x) => `${x} + ${x}`)],
  ['lists that double', doubling(40, 'list', (x) => `${x} + ${x}`)],
  ['bytes that double', doubling(40, 'bytes(text)', (x) => `${x} + ${x}`)],
  ['a giant made by replacing', 'size(text.replace("a", text)) > 0'],
  ['a giant made by joining', 'size(words.map(w, words).map(l, l.join(""))) > 0'],
  ['a giant range', 'size(lists.range(9007199254740991)) > 0'],
  ['splitting again and again', 'list.all(i, size(text.split("")) > 0)'],
  ['searching again and again', `list.all(i, !text.contains("${'a'.repeat(1000)}b"))`],
  ['comparing long texts', 'words.all(a, words.all(b, a != b + "x" && a <= b + "x"))'],
  ['long texts in lists of long texts', 'words.all(a, words.all(b, b in words))'],
  ['sorting long texts again and again', 'list.all(i, size(words.sort()) > 0)'],
  ['prefixes of long texts', 'words.all(a, words.all(b, a.startsWith(b) || true))'],
  ['comparing documents', 'list.all(i, body == body)'],
  ['a pattern with nested repetition', 'list.all(i, !text.matches("^(a+)+$"))'],
  ['a pattern with alternatives that overlap', 'list.all(i, !text.matches("(a|aa)+$"))'],
  ['every match of a pattern', 'list.all(i, size(text.findAll("a")) > 0)'],
  ['time zones again and again', nest(2, 'all', 'timestamp(v0).getHours("Europe/Lisbon") >= 0')],
  ['addresses again and again', nest(2, 'all', 'isIP("2001:db8::1")')],
  ['versions again and again', nest(2, 'all', 'isSemver("1.2.3-alpha.1")')],
])('%s end by budget', (_title, source) => {
  const compiled = engine.compile(source, environment)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  expect(compiled.program.run(variables)).toMatchObject({ failure: 'budget_exhausted' })
})

it.each([
  ['signs', `${'!'.repeat(3000)}true`],
  ['parentheses', `${'('.repeat(2000)}1${')'.repeat(2000)}`],
  ['lists', `${'['.repeat(2000)}${']'.repeat(2000)}`],
  ['calls', `${'size('.repeat(800)}1${')'.repeat(800)}`],
  ['sums', `${'1 + '.repeat(1000)}1`],
  ['fields', `body${'.a'.repeat(2000)}`],
  ['conditions', `${'true ? 1 : '.repeat(400)}2`],
  ['digits', '9'.repeat(4000)],
  ['a double beyond all', `1e${'9'.repeat(100)}`],
  ['a counted pattern', 'text.matches("((a{1,300}){1,300}){1,300}")'],
  ['a long pattern', `text.matches("${'(a|b)*'.repeat(200)}")`],
  ['an open string', `"${'a'.repeat(4000)}`],
])('too many or too deep %s are refused', (_title, source) => {
  expect(engine.compile(source, environment)).toMatchObject({ problems: [expect.anything()] })
})

it('types that would double at every step are refused, or stay small', () => {
  expect(
    engine.compile(
      doubling(45, '1', (x) => `{${x}: ${x}}`),
      environment,
    ),
  ).toMatchObject({ problems: expect.anything() })
  const open = doubling(45, 'optional.none().value()', (x) => `{${x}: ${x}}`)
  const compiled = engine.compile(open, environment)
  expect('problems' in compiled || compiled.program.type.length < 2000).toBe(true)
})

it('a long chain of && and || is one step, not a deep one', () => {
  const compiled = engine.compile(`${'false || '.repeat(500)}true`, environment)
  expect('program' in compiled && compiled.program.run(variables)).toMatchObject({ value: true })
})
