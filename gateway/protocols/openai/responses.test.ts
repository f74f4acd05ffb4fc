import { describe, expect, it } from 'vitest'
import type { InferenceFacts, Json } from '../../../policy/model.ts'
import { readJsonObject } from '../json/fields.ts'
import { readResponse } from './responses.ts'

const readText = (text: string): InferenceFacts => readResponse(readJsonObject(Buffer.from(text)).body)
const readBody = (change: object): InferenceFacts => readText(JSON.stringify({ model: 'm', input: 'hi', ...change }))
const withItem = (item: Json): InferenceFacts => readBody({ input: [item] })
const withTool = (tool: Json): InferenceFacts => readBody({ tools: [tool] })
const user = { role: 'user', content: 'hi' }

describe('what a model would read in a request for a response', () => {
  it.each([
    ['the input', { input: 'hidden' }],
    ['instructions', { instructions: 'hidden' }],
    ['a message without a type', { input: [{ role: 'user', content: 'hidden' }] }],
    ['a part', { input: [{ role: 'user', content: [{ type: 'input_text', text: 'hidden' }] }] }],
    ['a part’s own field', { input: [{ role: 'user', content: [{ type: 'input_text', text: 'a', note: 'hidden' }] }] }],
    ['a message’s own field', { input: [{ ...user, note: ['hidden'] }] }],
    ['a summary', { input: [{ type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 'hidden' }] }] }],
    ['a tool’s output', { input: [{ type: 'function_call_output', call_id: 'c', output: 'hidden' }] }],
    ['a shell’s output', { input: [{ type: 'shell_call_output', call_id: 'c', output: [{ stdout: 'hidden' }] }] }],
    ['an MCP server’s output', { input: [{ type: 'mcp_call', name: 'f', arguments: '{}', output: 'hidden' }] }],
    ['what a tool was called with', { input: [{ type: 'function_call', name: 'f', arguments: '"hidden"' }] }],
    ['an approval', { input: [{ type: 'mcp_approval_response', approve: true, reason: 'hidden' }] }],
    ['the description of a tool', { tools: [{ type: 'function', name: 'f', description: 'hidden' }] }],
    ['a schema', { tools: [{ type: 'function', name: 'f', parameters: { properties: { hidden: {} } } }] }],
    [
      'a tool of a namespace',
      { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'custom', name: 'hidden' }] }] },
    ],
    ['a vendor’s tool', { tools: [{ type: 'x_tool', about: { text: 'hidden' } }] }],
    ['a tool that comes later', { input: [{ type: 'additional_tools', tools: [{ type: 'custom', name: 'hidden' }] }] }],
    [
      'a tool that a server lists',
      { input: [{ type: 'mcp_list_tools', tools: [{ name: 'a', description: 'hidden' }] }] },
    ],
    ['the form of the answer', { text: { format: { type: 'json_schema', schema: { description: 'hidden' } } } }],
    ['a field that no list knows', { chat_template: 'hidden' }],
    ['an id that is a sentence', { input: [{ type: 'function_call_output', call_id: 'it is hidden', output: '' }] }],
    ['a text as a file', { input: [{ ...user, content: [{ type: 'input_file', file_data: 'aGlkZGVu' }] }] }],
  ])('is seen in %s', (_title, change) => {
    expect(readBody(change).prompt).toContain('hidden')
  })

  it('does not count secrets for the server of a tool', () => {
    const facts = withTool({ type: 'mcp', server_label: 'a', authorization: 'key-1', headers: { 'x-key': 'key-2' } })
    expect(JSON.stringify([facts.prompt, facts.tools])).not.toContain('key')
  })

  it('says who speaks', () => {
    const { messages = [] } = readBody({
      instructions: 'a',
      input: [user, { type: 'local_shell_call_output', id: 'c', output: 'b' }, { type: 'program', id: 'p', code: 'c' }],
    })
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'tool'])
  })

  it('takes tools of every kind for tools', () => {
    const { tools } = readBody({
      tools: [
        { type: 'namespace', name: 'crm', description: 'Customers.', tools: [{ type: 'function', name: 'find' }] },
        { type: 'mcp', server_label: 'wiki', server_description: 'All.' },
        { type: 'web_search' },
      ],
    })
    expect(tools).toEqual([
      { type: 'namespace', name: 'crm', description: 'Customers.' },
      { type: 'function', name: 'find', description: '' },
      { type: 'mcp', name: 'wiki', description: 'All.' },
      { type: 'web_search', name: '', description: '' },
    ])
  })
})

describe('what nobody here can judge', () => {
  it.each([
    ['an earlier response', { previous_response_id: 'resp_1' }],
    ['a conversation', { conversation: { id: 'conv_1' } }],
    ['a template', { prompt: { id: 'pmpt_1' } }],
    ['an answer that is fetched later', { background: true }],
    ['compaction by the server', { context_management: [{ type: 'compaction' }] }],
    ['tokens', { input_ids: [1, 2] }],
    ['vectors', { prompt_embeds: 'UEsDBA==' }],
    ['a server to talk to', { tools: [{ type: 'mcp', server_label: 'a', server_url: 'https://other.example' }] }],
    ['a connector to talk to', { tools: [{ type: 'mcp', server_label: 'a', connector_id: 'connector_gmail' }] }],
  ])('[OA2] is refused: %s', (_title, change) => {
    expect(() => readBody(change)).toThrow(expect.objectContaining({ code: 'body_malformed' }))
  })

  it('[OA2] passes where it says that there is none', () => {
    const none = { previous_response_id: null, conversation: null, prompt: null, background: false, store: true }
    expect(readBody(none).prompt).toBe('hi')
  })

  it.each<[string, Json]>([
    ['a reference', { type: 'item_reference', id: 'msg_1' }],
    ['a reference without a type', { type: null, id: 'msg_1' }],
    ['a message by its id', { type: 'message', id: 'msg_1', role: 'user' }],
    ['what was compacted', { type: 'compaction', encrypted_content: 'gAAA' }],
    ['an image by its id', { type: 'image_generation_call', id: 'ig_1', result: null }],
    ['a file', { role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }],
    ['a file in a tool’s output', { type: 'function_call_output', output: [{ type: 'input_image', file_id: 'f' }] }],
    [
      'a screenshot',
      { type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot', file_id: 'f' } },
    ],
    ['an unknown type', { type: 'x_memory', text: 'a' }],
    ['an unknown part', { role: 'user', content: [{ type: 'x_part', text: 'a' }] }],
    ['a role that is none', { role: 7, content: 'a' }],
    ['no object', 'hi'],
    ['a key in capitals', { role: 'user', content: 'a', Content: 'b' }],
    ['arguments in capitals', { type: 'function_call', name: 'f', arguments: '{}', Arguments: '{"a":1}' }],
    [
      'media that are none',
      { role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,%%%' }] },
    ],
  ])('[OA2] is refused in the input: %s', (_title, item) => {
    expect(() => withItem(item)).toThrow(expect.objectContaining({ code: 'body_malformed' }))
  })

  it.each<[string, Json]>([
    ['a vector store', { type: 'file_search', vector_store_ids: ['vs_1'] }],
    ['a machine', { type: 'code_interpreter', container: 'cntr_1' }],
    ['files of a machine', { type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-1'] } }],
    ['a skill', { type: 'shell', environment: { type: 'container_auto', skills: [{ skill_id: 's' }] } }],
    ['a mask', { type: 'image_generation', input_image_mask: { file_id: 'file-1' } }],
    ['another declaration', { type: 'function', name: 'f', function: { name: 'g' } }],
    ['no name', { type: 'function', description: 'a' }],
    ['a name in capitals', { type: 'function', name: 'f', Name: 'g' }],
    [
      'a tool in a namespace',
      { type: 'namespace', name: 'n', tools: [{ type: 'file_search', vector_store_ids: ['v'] }] },
    ],
  ])('[OA2] is refused in a tool: %s', (_title, tool) => {
    expect(() => withTool(tool)).toThrow(expect.objectContaining({ code: 'body_malformed' }))
  })

  it('[OA2] is not what a schema calls its properties', () => {
    const parameters = { type: 'object', properties: { file_id: { type: 'string' } } }
    expect(withTool({ type: 'function', name: 'f', parameters }).tools).toHaveLength(1)
  })

  it('[OA4] is not the sealed reasoning of the model', () => {
    const facts = withItem({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABp+/==' })
    expect(facts).toMatchObject({ prompt: '', messages: [] })
    const told = withItem({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'this is no seal' })
    expect(told.prompt).toBe('this is no seal')
  })
})
