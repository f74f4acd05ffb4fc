// What the tour shows, step by step, against the objects in the samples folder. Every step makes real calls over HTTP and says
// what must come back; the sentences under `expect` are what a person reads when it does not.
import { setTimeout as delay } from 'node:timers/promises'
import type { ChatClient, ChatReply, ChatRequest, StreamReply } from './chat-client.ts'
import { read } from './chat-client.ts'
import type { Step } from '../tour.ts'
import { makeStep } from '../tour.ts'

/** The part of the samples that the tour is about. */
export const sample = {
  namespace: 'research',
  connection: 'chat',
  policy: 'chat-for-research',
  secret: 'llm-key',
  secretKey: 'apiKey',
  user: 'alice',
  model: 'assistant',
  upstreamModel: 'llm-large-2026-09',
  unlistedModel: 'gpt-6',
  deniedRule: 'nightjar-is-confidential',
  deniedMessage: 'Project Nightjar is confidential. Ask its team for the internal model.',
} as const

export interface Search {
  /** How many calls reached the model since it started. */
  readonly calls: number
  readonly containing: number
}

export interface TourWorld {
  readonly chat: ChatClient
  readonly token: string
  /** What the gateway must put in place of the caller's token. */
  readonly credential: string
  /** Asks the model in how many of its calls a text arrived, anywhere. */
  readonly searchModel: (text: string) => Promise<Search>
  readonly addRule: (rule: object) => Promise<string>
  readonly now: () => number
  readonly reloadTimeoutMs: number
}

export type TourStep = Step<TourWorld>

const say = (world: TourWorld, content: string, changed: Partial<ChatRequest> = {}): ChatRequest => ({
  model: sample.model,
  token: world.token,
  content,
  ...changed,
})

const code = (reply: ChatReply): unknown => read(reply.body, 'error', 'code')
const message = (reply: ChatReply): unknown => read(reply.body, 'error', 'message')
const answer = (reply: ChatReply): unknown => read(reply.body, 'choices', 0, 'message', 'content')

/** With spaces, so that it can be folded. */
const toReplyLine = (reply: ChatReply): string => {
  const text = reply.body === undefined ? reply.text : JSON.stringify(reply.body, null, 1).replace(/\n\s*/g, ' ')
  return `${reply.status}  ${text}`
}

const withoutToken = makeStep<TourWorld, ChatReply>({
  title: 'Nobody in, nobody out: a call without a token',
  run: async (world) => world.chat.ask({ model: sample.model, content: 'hello' }),
  show: (reply) => [`POST …/chat/completions, no authorization header`, toReplyLine(reply)],
  expect: (reply) => ({
    'status 401': reply.status === 401,
    "an error in OpenAI's shape, with the code credentials_missing": code(reply) === 'credentials_missing',
    'a message for people': typeof message(reply) === 'string' && message(reply) !== '',
  }),
})

const allowed = makeStep<TourWorld, { readonly reply: ChatReply; readonly baseUrl: string }>({
  title: `An allowed call: ${sample.user} asks the model ${sample.model}`,
  run: async (world) => ({ baseUrl: world.chat.baseUrl, reply: await world.chat.ask(say(world, 'open the gate')) }),
  show: ({ reply, baseUrl }) => [
    `const client = new OpenAI({ baseURL: '${baseUrl}', apiKey: token })`,
    `client.chat.completions.create({ model: '${sample.model}', messages })  // "open the gate"`,
    `${reply.status}  ${String(answer(reply))}`,
    `judged by revision ${reply.revision}, session ${reply.session}`,
  ],
  expect: ({ reply }) => ({
    'status 200': reply.status === 200,
    "the model's answer": answer(reply) === 'You said: open the gate',
    'the revision that judged it in x-portcullis-revision': reply.revision !== '',
    'a session in x-portcullis-session': reply.session !== '',
  }),
})

const streamed = makeStep({
  title: 'The same, streamed: tokens pass as they come',
  run: async (world: TourWorld) => world.chat.stream(say(world, 'count the bars of the gate, one by one')),
  show: (reply) => [`${reply.status}  ${reply.deltas.join('|')}`, `in ${reply.arrivals} pieces on the wire`],
  expect: (reply) => ({
    'status 200': reply.status === 200,
    'the whole answer': reply.deltas.join('') === 'You said: count the bars of the gate, one by one',
    'more than one piece, so that nothing was held back until the end': reply.arrivals > 1,
    'data: [DONE] at the end': reply.done,
  }),
})

const person = 'ann@example.com'
const card = '4111 1111 1111 1111'

interface Masked {
  readonly reply: StreamReply
  readonly person: Search
  readonly card: Search
  readonly pseudonym: Search
}

const masked = makeStep<TourWorld, Masked>({
  title: 'A masked stream: what the model never sees, and what comes back',
  run: async (world) => ({
    reply: await world.chat.stream(say(world, `Tell ${person} that ${card} has expired`)),
    person: await world.searchModel(person),
    card: await world.searchModel(card),
    pseudonym: await world.searchModel('Tell CONTACT-'),
  }),
  show: ({ reply, pseudonym }) => [
    `"Tell ${person} that ${card} has expired"`,
    `the model reads  Tell CONTACT-… that [CARD] has expired  (${pseudonym.containing} call)`,
    `${reply.status}  ${reply.deltas.join('|')}`,
  ],
  expect: ({ reply, person: people, card: cards, pseudonym }) => ({
    'status 200': reply.status === 200,
    'the address, put back in place of its pseudonym, and no card':
      reply.deltas.join('') === `You said: Tell ${person} that [CARD] has expired`,
    'more than one piece, so that nothing was held back until the end': reply.arrivals > 1,
    'the address in no call at the model': people.containing === 0,
    'the card in none either': cards.containing === 0,
    'a pseudonym in one': pseudonym.containing === 1,
  }),
})

const denied = makeStep({
  title: `A denied call: the rule ${sample.deniedRule} speaks`,
  run: async (world: TourWorld) => world.chat.ask(say(world, 'What is project Nightjar about?')),
  show: (reply) => ['"What is project Nightjar about?"', toReplyLine(reply)],
  expect: (reply) => ({
    'status 403': reply.status === 403,
    'the code policy_denied': code(reply) === 'policy_denied',
    "the message of the rule's author": message(reply) === sample.deniedMessage,
    'the name of the rule': read(reply.body, 'error', 'rule') === sample.deniedRule,
    'nothing of the question repeated': !reply.text.includes('What is project'),
  }),
})

const unlisted = makeStep({
  title: 'A model that the connection does not list',
  run: async (world: TourWorld) => world.chat.ask(say(world, 'hello', { model: sample.unlistedModel })),
  show: (reply) => [`model: ${sample.unlistedModel}`, toReplyLine(reply)],
  expect: (reply) => ({
    'status 404': reply.status === 404,
    'the code model_not_found': code(reply) === 'model_not_found',
  }),
})

const credentials = makeStep<TourWorld, { readonly token: Search; readonly key: Search; readonly model: Search }>({
  title: "Asking the mock model: what did arrive of the caller's token?",
  run: async (world) => ({
    token: await world.searchModel(world.token),
    key: await world.searchModel(`Bearer ${world.credential}`),
    model: await world.searchModel(`"model":"${sample.upstreamModel}"`),
  }),
  show: ({ token, key, model }) => [
    `${token.calls} calls reached it: the refused ones never did`,
    `${token.containing} of them with ${sample.user}'s token`,
    `${key.containing} of them with the key from Secret ${sample.namespace}/${sample.secret}`,
    `${model.containing} of them for ${sample.upstreamModel}, which callers know as ${sample.model}`,
  ],
  expect: ({ token, key, model }) => ({
    'exactly the three allowed calls at the model': token.calls === 3,
    "the caller's token in none of them": token.containing === 0,
    'the injected credential in all': key.containing === 3,
    "the server's own name for the model in all": model.containing === 3,
  }),
})

const poem = 'Write a poem about gates.'
const noPoems = {
  name: 'no-poems',
  phase: 'Request',
  action: 'Deny',
  when: "request.prompt.contains('poem')",
  message: 'No poems before the deadline.',
}

interface Edit {
  readonly file: string
  readonly before: ChatReply
  readonly after: ChatReply
  readonly tookMs: number
}

const edited = makeStep<TourWorld, Edit>({
  title: 'Editing the policy file: a new rule, no restart',
  run: async (world) => {
    const before = await world.chat.ask(say(world, poem))
    const file = await world.addRule(noPoems)
    const startedMs = world.now()
    const after = await askUntilNewRevision(world, { before, deadlineMs: startedMs + world.reloadTimeoutMs })
    return { file, before, after, tookMs: Math.round(world.now() - startedMs) }
  },
  show: ({ file, before, after, tookMs }) => [
    `"${poem}"  ${before.status}, revision ${before.revision}`,
    `${file}: + rule ${noPoems.name}, Deny when ${noPoems.when}`,
    `"${poem}"  ${after.status}, revision ${after.revision}, ${tookMs} ms later`,
    toReplyLine(after),
  ],
  expect: ({ before, after }) => ({
    'status 200 before the edit': before.status === 200,
    'another revision in x-portcullis-revision': before.revision !== '' && after.revision !== before.revision,
    'status 403 after it': after.status === 403,
    'the message of the new rule': message(after) === noPoems.message,
  }),
})

async function askUntilNewRevision(
  world: TourWorld,
  { before, deadlineMs }: { readonly before: ChatReply; readonly deadlineMs: number },
): Promise<ChatReply> {
  for (;;) {
    const reply = await world.chat.ask(say(world, poem))
    if (reply.revision !== before.revision || world.now() >= deadlineMs) return reply
    await delay(20)
  }
}

export const tourSteps: readonly TourStep[] = [
  withoutToken,
  allowed,
  streamed,
  masked,
  denied,
  unlisted,
  credentials,
  edited,
]
