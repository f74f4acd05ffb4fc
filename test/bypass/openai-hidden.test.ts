// More places of OpenAI's requests where a word could stand: names and descriptions, legacy fields, what the server has stored,
// media that are text, and the operations beside chat.
import { afterAll, beforeAll, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { attack } from './classes.ts'
import { expectFound, expectHeld, expectOddRefused } from './held.ts'
import { ask } from './shapes.ts'
import type { Attempt, World } from './world.ts'
import { forbidden, harmless, startWorld } from './world.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({ chat: {} })
})

afterAll(async () => world[Symbol.asyncDispose]())

type Body = { readonly [key: string]: Json }

const user = { role: 'user', content: 'hi' }
const chat = (body: Body): Attempt => ({
  path: '/v1/chat/completions',
  body: JSON.stringify({ model: 'm', messages: [user], ...body }),
})
const responses = (body: Body): Attempt => ({ path: '/v1/responses', body: JSON.stringify({ model: 'm', ...body }) })
const item = (one: Body): Attempt => responses({ input: [{ role: 'user', content: 'hi' }, one] })
const completions = (body: Body): Attempt => ({
  path: '/v1/completions',
  body: JSON.stringify({ model: 'm', ...body }),
})
const embeddings = (body: Body): Attempt => ({ path: '/v1/embeddings', body: JSON.stringify({ model: 'm', ...body }) })
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const part = (one: Body): Attempt => chat({ messages: [{ role: 'user', content: [one] }] })

const tool = (one: Body): Attempt => chat({ tools: [{ type: 'function', function: { name: 'f', ...one } }] })

const expectRefused = (odd: Attempt, codes = ['body_malformed']): Promise<void> =>
  expectOddRefused(world, 'chat', { plain: ask('OpenAI', harmless), odd, codes })

attack('names and descriptions', 'OpenAI', () => {
  it.each<[string, (word: string) => Attempt]>([
    ['name of a speaker', (word) => chat({ messages: [{ ...user, name: word }] })],
    ['name of a tool', (word) => tool({ name: word })],
    ['description of a tool', (word) => tool({ description: word })],
    ['description of a parameter', (word) => tool({ parameters: { properties: { q: { description: word } } } })],
    ['name of a parameter', (word) => tool({ parameters: { properties: { [word]: {} } } })],
    ['a value to choose', (word) => tool({ parameters: { properties: { q: { enum: [word] } } } })],
    ['an older function', (word) => chat({ functions: [{ name: 'f', description: word }] })],
    [
      'a grammar',
      (word) =>
        chat({
          tools: [
            {
              type: 'custom',
              custom: { name: 'f', format: { type: 'grammar', grammar: { syntax: 'lark', definition: word } } },
            },
          ],
        }),
    ],
    [
      'the form of the answer',
      (word) => chat({ response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { title: word } } } }),
    ],
    ['a prediction', (word) => chat({ prediction: { type: 'content', content: [{ type: 'text', text: word }] } })],
    ['a made-up role with blanks', (word) => chat({ messages: [{ ...user, role: `see the ${word}` }] })],
    ['a made-up role without blanks', (word) => chat({ messages: [{ ...user, role: `see_the.${word}` }] })],
    [
      'id of a tool call',
      (word) =>
        chat({
          messages: [
            {
              role: 'assistant',
              tool_calls: [{ id: `the ${word}`, type: 'function', function: { name: 'f', arguments: '{}' } }],
            },
          ],
        }),
    ],
    ['id of a result', (word) => chat({ messages: [{ role: 'tool', tool_call_id: `the ${word}`, content: 'a' }] })],
    ['a tool of responses', (word) => responses({ tools: [{ type: 'function', name: 'f', description: word }] })],
    [
      'a tool within a namespace',
      (word) =>
        responses({
          tools: [
            {
              type: 'namespace',
              name: 'n',
              description: '',
              tools: [{ type: 'function', name: 'f', description: word }],
            },
          ],
        }),
    ],
    [
      'the form of a response',
      (word) =>
        responses({ text: { format: { type: 'json_schema', name: 'a', schema: { properties: { [word]: {} } } } } }),
    ],
    ['instructions', (word) => responses({ instructions: word, input: 'hi' })],
  ])('%s', async (_title, toAttempt) => {
    await expectFound(world, 'chat', toAttempt)
  })
})

attack('tool results and calls', 'OpenAI', () => {
  const call = { call_id: 'c', name: 'f' }
  it.each<[string, (word: string) => Attempt]>([
    [
      'an older call of a function',
      (word) =>
        chat({ messages: [{ role: 'assistant', content: null, function_call: { name: 'f', arguments: word } }] }),
    ],
    [
      'name of an earlier call',
      (word) =>
        chat({
          messages: [
            {
              role: 'assistant',
              tool_calls: [{ id: '1', type: 'function', function: { name: word, arguments: '{}' } }],
            },
          ],
        }),
    ],
    ['arguments as an item', (word) => item({ type: 'function_call', ...call, arguments: `{"q":"${word}"}` })],
    ['input of a custom tool as an item', (word) => item({ type: 'custom_tool_call', ...call, input: word })],
    ['output as text', (word) => item({ type: 'function_call_output', call_id: 'c', output: word })],
    [
      'output in parts',
      (word) => item({ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: word }] }),
    ],
    [
      'output of a shell',
      (word) =>
        item({
          type: 'shell_call_output',
          call_id: 'c',
          output: [{ stdout: word, stderr: '', outcome: { type: 'exit', exit_code: 0 } }],
        }),
    ],
    [
      'a result of MCP',
      (word) => item({ type: 'mcp_call', id: 'c', name: 'f', server_label: 's', arguments: '{}', output: word }),
    ],
    [
      'an error of MCP',
      (word) =>
        item({ type: 'mcp_call', id: 'c', name: 'f', server_label: 's', arguments: '{}', error: { message: word } }),
    ],
    ['a search', (word) => item({ type: 'web_search_call', id: 'c', action: { type: 'search', query: word } })],
    [
      'code and its log',
      (word) =>
        item({
          type: 'code_interpreter_call',
          id: 'c',
          container_id: 'x',
          code: '',
          outputs: [{ type: 'logs', logs: word }],
        }),
    ],
  ])('%s', async (_title, toAttempt) => {
    await expectFound(world, 'chat', toAttempt)
  })
})

attack('non-string content', 'OpenAI', () => {
  it.each<[string, (word: string) => Attempt]>([
    [
      'reasoning of an earlier turn',
      (word) => item({ type: 'reasoning', id: 'r', summary: [{ type: 'summary_text', text: word }] }),
    ],
    ['an item without a type', (word) => item({ role: 'assistant', content: [{ type: 'output_text', text: word }] })],
    ['several prompts', (word) => completions({ prompt: ['a', word] })],
    ['what follows the gap', (word) => completions({ prompt: 'a', suffix: word })],
    ['several inputs', (word) => embeddings({ input: ['a', word] })],
    ['unknown field of a completion', (word) => completions({ prompt: 'a', template: word })],
    ['unknown field of embeddings', (word) => embeddings({ input: 'a', messages: [{ content: word }] })],
    ['an unknown field of an item', (word) => item({ role: 'user', content: 'a', extra: { deep: word } })],
  ])('%s', async (_title, toAttempt) => {
    await expectFound(world, 'chat', toAttempt)
  })

  it.each<[string, Attempt]>([
    ['numbers of tokens', completions({ prompt: [1, 2, 3] })],
    ['lists of tokens', completions({ prompt: [[1, 2], [3]] })],
    ['tokens to embed', embeddings({ input: [[1, 2]] })],
    ['vectors', completions({ prompt: 'a', prompt_embeds: 'AAAA' })],
    ['tokens beside text', chat({ prompt_token_ids: [1, 2] })],
    ['a number as content', chat({ messages: [{ role: 'user', content: 7 }] })],
    ['an object as content', chat({ messages: [{ role: 'user', content: { text: forbidden } }] })],
    ['a list within a list', chat({ messages: [{ role: 'user', content: [[{ type: 'text', text: forbidden }]] }] })],
    ['a text part without text', part({ type: 'text', content: forbidden })],
    ['messages as an object', chat({ messages: { 0: { role: 'user', content: forbidden } } })],
    ['a message that is a string', chat({ messages: [forbidden] })],
    ['`stream` as a word', chat({ stream: 'true' })],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })
})

attack('what stands elsewhere', 'OpenAI', () => {
  it.each<[string, Attempt]>([
    ['an earlier response', responses({ input: 'hi', previous_response_id: 'r' })],
    ['a conversation', responses({ input: 'hi', conversation: { id: 'c' } })],
    ['a template', responses({ prompt: { id: 'p', variables: { a: forbidden } } })],
    ['an item by its id', item({ type: 'item_reference', id: 'i' })],
    ['an item by its id alone', item({ id: 'i' })],
    ['a file', part({ type: 'file', file: { file_id: 'f' } })],
    ['a file of responses', item({ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] })],
    ['an image by its id', item({ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] })],
    ['a sound by its id', chat({ messages: [{ role: 'assistant', audio: { id: 'a' } }] })],
    ['a store of vectors', responses({ input: 'a', tools: [{ type: 'file_search', vector_store_ids: ['v'] }] })],
    ['what runs later', responses({ input: 'a', background: true })],
    ["Azure's data", chat({ data_sources: [{ type: 'azure_search' }] })],
  ])('%s', async (_title, odd) => {
    await expectRefused(odd)
  })
})

attack('media that lie', 'OpenAI', () => {
  it.each<[string, (word: string) => Attempt]>([
    [
      'text that calls itself an image',
      (word) => part({ type: 'image_url', image_url: { url: `data:image/png;base64,${base64(word)}` } }),
    ],
    [
      'text in escapes',
      (word) =>
        part({ type: 'image_url', image_url: { url: `data:text/plain,%6${word.startsWith('n') ? 'e' : 'f'}${word}` } }),
    ],
    [
      'a document of text',
      (word) =>
        part({ type: 'file', file: { filename: 'a.txt', file_data: `data:text/plain;base64,${base64(word)}` } }),
    ],
    ['a document without a type', (word) => part({ type: 'file', file: { filename: 'a', file_data: base64(word) } })],
    ['the name of a file', (word) => part({ type: 'file', file: { filename: word, file_data: base64('a') } })],
    [
      'text that calls itself a sound',
      (word) => part({ type: 'input_audio', input_audio: { format: 'wav', data: base64(word) } }),
    ],
  ])('%s', async (_title, toAttempt) => {
    await expectFound(world, 'chat', toAttempt)
  })

  it.each(['d ata:text/plain,a', ' data:text/plain,a', 'data:text/plain;base64,!!!!', 'data:text/plain'])(
    'the URL %s is refused',
    async (url) => {
      await expectRefused(part({ type: 'image_url', image_url: { url } }))
    },
  )
})

attack('escapes and base64', 'OpenAI', () => {
  it('arguments of an earlier call with escapes of their own', async () => {
    await expectFound(world, 'chat', (word) => {
      const inner = `{"q":"\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}"}`
      const call = { id: '1', type: 'function', function: { name: 'f', arguments: inner } }
      return chat({ messages: [{ role: 'assistant', tool_calls: [call] }] })
    })
  })
})

attack('duplicate keys', 'OpenAI', () => {
  it.each([
    ['in capitals', 'Content'],
    ['with a Kelvin sign', 'to\u212aens'],
    ['with a long s', 'me\u017f\u017fages'],
    ['with a NUL', 'messages\\u0000x'],
  ])('a twin %s', async (_title, key) => {
    const message =
      key === 'Content' ? `{"role":"user","content":"a","Content":"${forbidden}"}` : '{"role":"user","content":"a"}'
    const twin = key === 'Content' ? '' : `,"tokens":1,"${key}":[{"role":"user","content":"${forbidden}"}]`
    const body = `{"model":"m","messages":[${message}]${twin}}`
    const answered = await world.send('chat', { path: '/v1/chat/completions', body })
    expectHeld(answered, ['body_malformed'])
  })
})
