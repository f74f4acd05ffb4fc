// Texts of the bench: what assistants write, clean and with a made-up value in every 256 characters, and what somebody writes who
// wants the engine to be slow.
import { alphabets, token } from '../../../policy/masking/detectors/cases.ts'

/** Sentences, code and lists, as answers of models have them. */
const sentences: readonly string[] = [
  'Sure, here is how I would approach it. First we look at what the function returns when the list is empty, because that is where most of these bugs come from.',
  'The short answer is yes, but only if both sides agree on the format beforehand.',
  '```ts\nexport function sum(values: readonly number[]): number {\n  return values.reduce((total, value) => total + value, 0)\n}\n```',
  "I don't think that's right: the cache is filled once at start-up and never again, so a change at 14:30 won't be seen before the next restart.",
  'In 1998 the city had about 42,000 inhabitants; by 2021 it had grown to more than 67,500, an increase of roughly 60 percent.',
  '- Preheat the oven to 180 °C and grease a 20 cm tin.\n- Whisk 3 eggs with 150 g of sugar until pale.\n- Fold in the flour, then bake for 35-40 minutes.\n',
  'See https://docs.example.com/guides/getting-started#install for the long version, or run `npm install --save-dev vitest@5.1.1` and read the output.',
  'Dear team, thank you for your patience. The incident began on Tuesday morning and was resolved within two hours; nobody lost any data.',
  'The German word "Donaudampfschifffahrtsgesellschaft" is often quoted, though hardly anybody ever uses it.',
  'Error: connect ECONNREFUSED while calling service `inventory` (attempt 3 of 5), next try in 1.6 seconds.',
  "SELECT o.id, o.total FROM orders AS o WHERE o.total > 100.00 AND o.status IN ('open', 'paid') ORDER BY o.id DESC LIMIT 20;",
  '| Step | Time | Cost |\n|---|---|---|\n| Collect | 12 min | 0.40 |\n| Transform | 3 min | 0.05 |\n| Publish | 45 s | 0.01 |\n',
  'You asked for a summary of chapter 4. It argues that institutions change slowly, that people change faster, and that most conflicts come out of the difference.',
  'Version 2.14.0 deprecates `client.fetchAll()`; use `client.pages()` instead, which yields up to 100 items at a time.',
  'Photosynthesis turns light, water and carbon dioxide into sugar and oxygen. About 1 % of the light that reaches a leaf ends up as stored energy.',
  'Wenn du den Zug um 9.14 Uhr nimmst, bist du gegen halb elf dort; andernfalls fährt der nächste erst am Nachmittag.',
  "Let's rewrite the paragraph: \u201cOur customers told us what they need. We listened, and this release is the result.\u201d",
  'kubectl -n prod rollout status deployment/checkout --timeout=90s && kubectl -n prod logs -l app=checkout --tail=200',
  'If x > 0 then f(x) = 2x + 1, otherwise f(x) = 0; so f(3) = 7, f(-2) = 0, and the sum over 1..10 is 120.',
  'A good rule of thumb: write the test first when you know the interface, and the interface first when you do not.',
  '{"name": "widget", "tags": ["blue", "large"], "price": 12.5, "inStock": true, "dimensions": {"w": 40, "h": 25}}',
  'The committee met three times, on 4 May, 11 May and 2 June, and voted 7 to 2 in favour of the second proposal.',
]

function makeRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

/** Made up, and of the classes that both sides look for. */
const values: readonly string[] = [
  '4111 1111 1111 1111',
  '078-05-1120',
  'jane.doe@mail.example.org',
  'GB82 WEST 1234 5698 7654 32',
  '+44 20 7946 0958',
  '(212) 555-0187',
  '203.0.113.77',
  '2001:db8:0:1:1:1:1:1',
  '00:1B:44:11:3A:B7',
  '1M8GDM9AXKP042788',
  `AKIA${token('', 16, alphabets.upper)}`,
  token('ghp_', 36),
  token('sk-proj-', 32),
  token('xoxb-', 24),
  `${token('eyJ', 20)}.${token('eyJ', 40)}.${token('', 43)}`,
  `api_key = ${token('', 24)}`,
  'postgres://app:hunter2hunter2@db.example.org/orders',
]

/** Text of a length, other for every seed; `every` characters a value is put in. */
function makeText(length: number, seed: number, every = Infinity): string {
  const random = makeRandom(seed)
  let text = ''
  let next = every / 2
  while (text.length < length) {
    text += `${sentences[random(sentences.length)]} `
    if (text.length < next) continue
    text += `${values[random(values.length)]} `
    next += every
  }
  return text.slice(0, length)
}

const size = 2048
const count = 48

export interface Corpus {
  /** Texts of 2 KB. */
  readonly texts: readonly string[]
  /** Bodies of 2 KB of the chat API. */
  readonly bodies: readonly Uint8Array[]
}

export const clean: Corpus = makeCorpus(Infinity)
export const dense: Corpus = makeCorpus(256)

function makeCorpus(every: number): Corpus {
  const texts = Array.from({ length: count }, (_, seed) => makeText(size, seed + 1, every))
  return { texts, bodies: texts.map((text) => new TextEncoder().encode(toBody(text))) }
}

function toBody(text: string): string {
  const at = [0, 150, 600, 1250, 1750]
  const roles = ['system', 'user', 'assistant', 'user']
  const messages = roles.map((role, i) => ({ role, content: text.slice(at[i], at[i + 1]) }))
  return JSON.stringify({ model: 'small', messages, temperature: 0.7, max_tokens: 400, stream: false })
}

/** One long answer in tokens of three characters on average, a little less than those of models. */
export const tokens: readonly string[] = makeText(60_000, 99).match(/\s?(?:[A-Za-z]{1,5}|\d{1,3}|[^A-Za-z\d])/gu) ?? []

/** What repeats, or is drawn from few characters: starts everywhere, ends nowhere. */
const units: readonly string[] = [
  'a',
  'a@',
  'a@a.',
  'a.',
  '1',
  '1 ',
  '1-',
  '4111 ',
  '4111111111111111 ',
  '123456789 ',
  'mrn 123456 ',
  'order 4111111111111111 ',
  'DE12 ',
  'ff:',
  '::1',
  'A1',
  'Aa ',
  '1 Main ',
  'token=',
  'key: ',
  'http://a:',
  '-----BEGIN PRIVATE KEY-----\n',
  'eyJaaaaaaaaa.',
  'sk-',
  '+1 ',
  '(1) ',
  ' ',
  '\\',
  '\u0430',
  '\u0441\u043e\u0440 ',
  '\u00e9',
  '\u65e5\u672c\u8a9e',
  '\u{1f600}',
  '\u200b4',
]

const drawn: readonly string[] = [
  alphabets.mixed,
  `${alphabets.mixed}+/`,
  `${alphabets.mixed} `,
  alphabets.hex,
  '0123456789',
  '4 -1',
  '1 -.',
  'a1\u0430',
  'a/+1',
]

export interface Hostile {
  readonly name: string
  readonly make: (length: number) => string
}

export const hostile: readonly Hostile[] = [
  ...units.map((unit) => ({
    name: `${JSON.stringify(unit)} again and again`,
    make: (length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length),
  })),
  ...drawn.map((characters) => ({
    name: `any of ${JSON.stringify(characters.length > 16 ? `${characters.slice(0, 16)}…` : characters)}`,
    make: (length: number) => draw(characters, length),
  })),
]

function draw(characters: string, length: number): string {
  const random = makeRandom(7)
  return Array.from({ length }, () => characters.charAt(random(characters.length))).join('')
}
