// Ways to bring a forbidden word past the rules of an Anthropic connection.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { attack } from './classes.ts'
import { expectFound, expectHeld, expectOddRefused } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, harmless, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({ claude: { spec: { protocol: 'Anthropic' } } })
})

afterAll(async () => world[Symbol.asyncDispose]())

type Body = { readonly [key: string]: Json }
type Case = readonly [title: string, toAttempt: (word: string) => Attempt]

const hi = { role: 'user', content: 'hi' }
const send = (body: Body): Attempt => ({
  path: '/v1/messages',
  body: JSON.stringify({ model: 'm', max_tokens: 9, messages: [hi], ...body }),
})
const say = (content: Json, more: Body = {}): Attempt => send({ messages: [{ role: 'user', content, ...more }] })
const block = (one: Body): Attempt => say([one])
const tool = (one: Body): Attempt => send({ tools: [{ name: 'f', input_schema: { type: 'object' }, ...one }] })
const schema = (one: Body): Attempt => tool({ input_schema: { type: 'object', ...one } })
const result = (content: Json): Attempt => block({ type: 'tool_result', tool_use_id: 't', content })
const called = (input: Json, name = 'f'): Attempt => block({ type: 'tool_use', id: 't', name, input })
const base64 = (text: string): string => Buffer.from(text).toString('base64')
/** As long as what only the model server can open, and of the same letters. */
const long = (word: string): string => `tell_me_all_there_is_to_know_about_the_${word}_and_where_it_sleeps_by_day`

const expectRefused = (odd: Attempt): Promise<void> =>
  expectOddRefused(world, 'claude', { plain: ask('Anthropic', harmless), odd, codes: ['body_malformed'] })

function each(cases: readonly Case[]): void {
  it.each(cases)('%s', async (_title, toAttempt) => {
    await expectFound(world, 'claude', toAttempt)
  })
}

attack('old turns', 'Anthropic', () => {
  each([
    ['the first of many', (word) => send({ messages: [word, 'b', 'c'].map((content) => ({ role: 'user', content })) })],
    ['what the model said', (word) => send({ messages: [{ role: 'assistant', content: word }, hi] })],
    ['instructions', (word) => send({ system: word })],
    [
      'instructions in blocks',
      (word) =>
        send({
          system: [
            { type: 'text', text: 'a' },
            { type: 'text', text: word },
          ],
        }),
    ],
    ['a thought', (word) => block({ type: 'thinking', thinking: word, signature: 'x' })],
    [
      'the last, which the model goes on with',
      (word) => send({ messages: [hi, { role: 'assistant', content: word }] }),
    ],
    ['a role of its own', (word) => send({ messages: [{ role: `see the ${word}`, content: 'a' }] })],
    ['a role of its own without blanks', (word) => send({ messages: [{ role: `see_the.${word}`, content: 'a' }] })],
  ])
})

attack('tool results and calls', 'Anthropic', () => {
  each([
    ['a result', (word) => result(word)],
    ['a result in blocks', (word) => result([{ type: 'text', text: word }])],
    ['a result in one block', (word) => result({ type: 'text', text: word })],
    [
      'a document within a result',
      (word) => result([{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: word } }]),
    ],
    ['input of an earlier call', (word) => called({ deep: [{ q: word }] })],
    ['a key of the input', (word) => called({ [word]: 1 })],
    ['name of an earlier call', (word) => called({}, word)],
    [
      'a search of the model server',
      (word) =>
        block({
          type: 'web_search_tool_result',
          tool_use_id: 't',
          content: [{ type: 'web_search_result', title: word, url: 'https://a.example', encrypted_content: 'x' }],
        }),
    ],
    [
      'output of code',
      (word) =>
        block({
          type: 'code_execution_tool_result',
          tool_use_id: 't',
          content: { type: 'code_execution_result', stdout: word, stderr: '', return_code: 0, content: [] },
        }),
    ],
  ])
})

attack('nested parts', 'Anthropic', () => {
  each([
    [
      'the second block',
      (word) =>
        say([
          { type: 'text', text: 'a' },
          { type: 'text', text: word },
        ]),
    ],
    [
      'a document of blocks',
      (word) => block({ type: 'document', source: { type: 'content', content: [{ type: 'text', text: word }] } }),
    ],
    ['a document of one text', (word) => block({ type: 'document', source: { type: 'content', content: word } })],
    [
      'title and context',
      (word) =>
        block({
          type: 'document',
          title: word,
          context: word,
          source: { type: 'text', media_type: 'text/plain', data: 'a' },
        }),
    ],
    [
      'a citation',
      (word) =>
        block({ type: 'text', text: 'a', citations: [{ type: 'char_location', cited_text: word, document_index: 0 }] }),
    ],
    [
      'a search result',
      (word) => block({ type: 'search_result', source: 'a', title: 'b', content: [{ type: 'text', text: word }] }),
    ],
    ['a source of a search result', (word) => block({ type: 'search_result', source: word, title: 'b', content: [] })],
  ])

  it('a block of a type that is not known', async () => {
    await expectRefused(block({ type: 'hidden', hidden: forbidden }))
  })
})

attack('non-string content', 'Anthropic', () => {
  it.each<[string, Attempt]>([
    ['a number', say(7)],
    ['an object without a type', say({ text: forbidden })],
    ['a list of strings', say([forbidden])],
    ['a list within a list', say([[{ type: 'text', text: forbidden }]])],
    ['a text that is a list', block({ type: 'text', text: [forbidden] })],
    ['no messages', send({ messages: [] })],
    ['messages as an object', send({ messages: { 0: { role: 'user', content: forbidden } } })],
    ['instructions as a number', send({ system: 7 })],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })

  each([['a block alone', (word) => say({ type: 'text', text: word })]])
})

attack('unknown fields that carry text', 'Anthropic', () => {
  each([
    ['of the body', (word) => send({ documents: [{ text: word }] })],
    ['of the body, as a key below', (word) => send({ documents: { [word]: 1 } })],
    ['of a message', (word) => say('a', { note: word })],
    ['of a block', (word) => block({ type: 'text', text: 'a', note: { deep: [word] } })],
    ['of a block, as a key', (word) => block({ type: 'text', text: 'a', [word]: true })],
    ['that is called as sealed values are', (word) => block({ type: 'text', text: 'a', data: long(word) })],
    ['of a thought that is not sealed', (word) => block({ type: 'thinking', thinking: 'a', signature: `the ${word}` })],
  ])
})

attack('names and descriptions', 'Anthropic', () => {
  each([
    ['name of a tool', (word) => tool({ name: word })],
    ['description of a tool', (word) => tool({ description: word })],
    ['name of a parameter', (word) => schema({ properties: { [word]: {} } })],
    ['description of a parameter', (word) => schema({ properties: { q: { description: word } } })],
    ['a value to choose', (word) => schema({ properties: { q: { enum: [word] } } })],
    ['what is required', (word) => schema({ required: [word] })],
    ['a type of its own', (word) => schema({ properties: { q: { type: `see.the.${word}` } } })],
    ['a place of the schema that is called as sealed values are', (word) => schema({ data: long(word) })],
    ['a place of the schema that is called as names are', (word) => schema({ name: word })],
    ['an example', (word) => tool({ input_examples: [{ id: word }] })],
    [
      'the form of the answer',
      (word) => send({ output_config: { format: { type: 'json_schema', schema: { required: [word] } } } }),
    ],
  ])
})

attack('what stands elsewhere', 'Anthropic', () => {
  it.each<[string, Attempt]>([
    ['a file', block({ type: 'document', source: { type: 'file', file_id: 'f' } })],
    ['a file in a container', block({ type: 'container_upload', file_id: 'f' })],
    ['a container', send({ container: { skills: [{ skill_id: 's' }] } })],
    ['servers of MCP', send({ mcp_servers: [{ type: 'url', url: 'https://a.example', name: 'a' }] })],
    ['a conversation', send({ thread: 't' })],
    ['another model', send({ fallbacks: [{ model: 'n' }] })],
    ['a tool that asks another model', send({ tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'n' }] })],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })
})

attack('media that lie', 'Anthropic', () => {
  const source = (kind: string, one: Body): Attempt => block({ type: kind, source: { type: 'base64', ...one } })
  each([
    ['text that calls itself an image', (word) => source('image', { media_type: 'image/png', data: base64(word) })],
    [
      'text that calls itself a document',
      (word) => source('document', { media_type: 'application/pdf', data: base64(word) }),
    ],
    ['a text in base64', (word) => source('document', { media_type: 'text/plain', data: base64(word) })],
  ])

  it.each<[string, Attempt]>([
    ['data behind a link', block({ type: 'image', source: { type: 'url', url: `data:text/plain,${forbidden}` } })],
    ['what is no base64', source('image', { media_type: 'image/png', data: `${forbidden}!` })],
    ['a media type with more in it', source('image', { media_type: `image/png;a=${forbidden}`, data: '' })],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })
})

attack('other endpoints', 'Anthropic', () => {
  it.each([
    '/v1/messages/batches',
    '/v1/files',
    '/v1/skills',
    '/v1/complete',
    '/v1/organizations/x',
    '/v1/messages/',
    '/messages',
  ])('%s', async (path) => {
    const { body = '' } = ask('Anthropic', harmless)
    expectHeld(await world.send('claude', { path, body }), [
      'operation_not_supported',
      'bad_request',
      'route_not_found',
    ])
  })

  it('counting is judged as asking is', async () => {
    await expectFound(world, 'claude', (word) => ({ ...ask('Anthropic', word), path: '/v1/messages/count_tokens' }))
  })
})
