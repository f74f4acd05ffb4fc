// Where a word may stand in the events of OpenAI's Responses, in which each text is told several times.
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Json } from '../../policy/model.ts'
import { cutsOf, data, events, named, overCuts } from './answer-shapes.ts'
import { attack } from './classes.ts'
import { expectAnswerHeld, expectAnswerRefused } from './held.ts'
import type { Attempt, ModelAnswer, World } from './world.ts'
import { forbidden, startWorld } from './world.ts'

const manners = ['Hold', 'Cut'] as const
const worlds = new Map<string, World>()

beforeAll(async () => {
  const denyAnswer = [
    `response.toolCalls.exists(c, c.arguments.contains("${forbidden}") || c.name.contains("${forbidden}"))`,
  ]
  for (const answers of manners) worlds.set(answers, await startWorld({ chat: { answers, denyAnswer } }))
})

afterAll(async () => {
  for (const world of worlds.values()) await world[Symbol.asyncDispose]()
})

const worldOf = (manner: string): World => {
  const world = worlds.get(manner)
  if (world === undefined) throw new Error('not started')
  return world
}

type Body = { readonly [key: string]: Json }
type Case = readonly [title: string, toAnswer: (word: string) => ModelAnswer]

const responses = (more: Body): Attempt => ({
  path: '/v1/responses',
  body: JSON.stringify({ model: 'm', input: 'hi', ...more }),
})

function each(attempt: Attempt, cases: readonly Case[]): void {
  describe.each(manners)('%s', (manner) => {
    it.each(cases)('%s', async (_title, toAnswer) => {
      await expectAnswerHeld(worldOf(manner), 'chat', { ask: attempt, toAnswer })
    })
  })
}

const place = { item_id: 'i', output_index: 0, content_index: 0 }
const message = (text: string): Body => ({
  type: 'message',
  id: 'i',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
})
const delta = (text: string): string => named({ type: 'response.output_text.delta', ...place, delta: text })
const done = (text: string): string => named({ type: 'response.output_text.done', ...place, text })
const itemDone = (text: string): string =>
  named({ type: 'response.output_item.done', output_index: 0, item: message(text) })
const completed = (text: string, more: Body = {}): string =>
  named({ type: 'response.completed', response: { id: 'r', status: 'completed', output: [message(text)], ...more } })

attack('text told twice', 'OpenAI', () => {
  each(responses({ stream: true }), [
    ['in all of its places', (word) => events(delta(word), done(word), itemDone(word), completed(word))],
    ['at the end of the text alone', (word) => events(done(word))],
    ['in the item alone', (word) => events(itemDone(word))],
    ['in the whole response alone', (word) => events(completed(word))],
    ['as another text of the response', (word) => events(delta('a'), done('a'), completed('a', { output_text: word }))],
    [
      'as another item of the response',
      (word) =>
        events(delta('a'), itemDone('a'), completed('a', { output: [message('a'), { ...message(word), id: 'j' }] })),
    ],
    ['as an echo of what nobody asked', (word) => events(completed('a', { instructions: word }))],
  ])
  const codes = ['response_denied', 'response_unreadable']
  it.each<[string, readonly string[]]>([
    ['a text that ends differently', [delta('a'), done(forbidden)]],
    ['an item that says something else', [delta('a'), done('a'), itemDone(forbidden)]],
    ['a response that says something else', [delta('a'), done('a'), itemDone('a'), completed(forbidden)]],
    [
      'a call that ends differently',
      [
        named({ type: 'response.function_call_arguments.delta', item_id: 'i', output_index: 0, delta: '{}' }),
        named({
          type: 'response.function_call_arguments.done',
          item_id: 'i',
          output_index: 0,
          name: 'f',
          arguments: forbidden,
        }),
      ],
    ],
    [
      'an event of two types',
      [`event: response.created\n${data({ type: 'response.output_text.delta', delta: forbidden })}`],
    ],
  ])('%s', async (_title, said) => {
    const world = worldOf('Cut')
    world.answer = events(...said)
    expectAnswerRefused(await world.send('chat', responses({ stream: true })), { codes })
  })
})

attack('text over cuts', 'OpenAI', () => {
  it.each(cutsOf(forbidden).map((_, i) => i))('cut %d of a response', async (i) => {
    const asked = overCuts(
      'OpenAI',
      (word) => cutsOf(word)[i] ?? [],
      (pieces) => pieces.map(delta),
    )
    await expectAnswerHeld(worldOf('Cut'), 'chat', { ...asked, ask: responses({ stream: true }) })
  })
})
