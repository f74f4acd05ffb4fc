// The tour against worlds that lie: a gateway that keeps its promises passes every step, and for each promise there is one that
// breaks it and is caught.
import { describe, expect, it } from 'vitest'
import type { ChatReply, ChatRequest, StreamReply } from './chat-client.ts'
import type { TourWorld } from './steps.ts'
import { sample, tourSteps } from './steps.ts'

const token = 'token-of-the-caller'
const credential = 'key-of-the-model'

function toReply(status: number, body: Record<string, unknown>, revision = '1.1-aaaa'): ChatReply {
  return { status, revision, session: 'one', text: JSON.stringify(body), body }
}

const refuse = (status: number, code: string, message: string, rest = {}): ChatReply =>
  toReply(status, { error: { message, type: 'any', param: null, code, ...rest } })

const answer = (content: string): ChatReply =>
  toReply(200, { choices: [{ index: 0, message: { role: 'assistant', content: `You said: ${content}` } }] })

const streamed: StreamReply = {
  ...toReply(200, {}),
  deltas: ['You said: count the bars of the gate, ', 'one by one'],
  arrivals: 3,
  done: true,
}

const masked: StreamReply = {
  ...streamed,
  deltas: ['You said: Tell ', 'ann@example.com that [CARD]', ' has expired'],
}

/** What never arrives at the model. */
const hidden: ReadonlySet<string> = new Set([token, 'ann@example.com', '4111 1111 1111 1111'])

/** A gateway that does what the samples say. */
function makeWorld(lie: Partial<Behaviour> = {}): TourWorld {
  const behaviour: Behaviour = { ...honest, ...lie }
  let rule: { message?: string } | undefined
  let nowMs = 0
  return {
    token,
    credential,
    reloadTimeoutMs: 200,
    now: () => (nowMs += 10),
    searchModel: async (text) => behaviour.search(text),
    addRule: async (added) => {
      rule = added
      return 'research.yaml'
    },
    chat: {
      baseUrl: 'http://gateway/research/chat/v1',
      stream: async (request) => behaviour.stream(request),
      ask: async (request) => behaviour.ask(request, rule?.message),
      [Symbol.asyncDispose]: async () => {},
    },
  }
}

interface Behaviour {
  readonly ask: (request: ChatRequest, newMessage?: string) => ChatReply
  readonly stream: (request: ChatRequest) => StreamReply
  readonly search: (text: string) => { readonly calls: number; readonly containing: number }
}

const honest: Behaviour = {
  ask: (request, newMessage) => {
    if (request.token === undefined) return refuse(401, 'credentials_missing', 'Send a token.')
    if (request.model !== sample.model) return refuse(404, 'model_not_found', 'Not offered.')
    if (request.content.includes('Nightjar'))
      return refuse(403, 'policy_denied', sample.deniedMessage, { rule: sample.deniedRule })
    if (newMessage !== undefined) return { ...refuse(403, 'policy_denied', newMessage), revision: '1.2-bbbb' }
    return answer(request.content)
  },
  stream: ({ content }) => (content.includes('@') ? masked : streamed),
  search: (text) => ({ calls: 3, containing: text.startsWith('Tell ') ? 1 : hidden.has(text) ? 0 : 3 }),
}

async function findFailures(world: TourWorld): Promise<readonly string[]> {
  const failures: string[] = []
  for (const [index, step] of tourSteps.entries()) {
    const { expected } = await step.run(world)
    for (const { that, holds } of expected) if (!holds) failures.push(`${index + 1}: ${that}`)
  }
  return failures
}

type Ask = Behaviour['ask']

/** Answers itself where `when` says so, and honestly elsewhere. */
const lyingWhen =
  (when: (request: ChatRequest) => boolean, lie: Ask): Ask =>
  (request, newMessage) =>
    when(request) ? lie(request, newMessage) : honest.ask(request, newMessage)

/** What a gateway does wrong, and the step and sentence that must notice. */
const lies: readonly (readonly [string, Partial<Behaviour>, string])[] = [
  [
    'lets a call without a token in',
    {
      ask: lyingWhen(
        (r) => r.token === undefined,
        (r) => answer(r.content),
      ),
    },
    '1: ',
  ],
  [
    'refuses in plain text',
    {
      ask: lyingWhen(
        (r) => r.token === undefined,
        () => ({ ...toReply(401, {}), text: 'no', body: undefined }),
      ),
    },
    '1: an error',
  ],
  [
    'answers something else',
    {
      ask: lyingWhen(
        (r) => r.content === 'open the gate',
        () => answer('no'),
      ),
    },
    '2: the mod',
  ],
  ['does not say which revision judged', { ask: (r, m) => ({ ...honest.ask(r, m), revision: '' }) }, '2: the revision'],
  ['holds a stream back until its end', { stream: () => ({ ...streamed, arrivals: 1 }) }, '3: more than one piece'],
  ['cuts a stream', { stream: () => ({ ...streamed, done: false }) }, '3: data: [DONE]'],
  ['loses a token', { stream: () => ({ ...streamed, deltas: ['You said: '] }) }, '3: the whole answer'],
  [
    'gives the caller the pseudonym',
    { stream: () => ({ ...masked, deltas: ['You said: Tell CONTACT-BBBB that [CARD] has expired'] }) },
    '4: the address, put back',
  ],
  [
    'holds a masked stream back until its end',
    { stream: () => ({ ...masked, arrivals: 1 }) },
    '4: more than one piece',
  ],
  [
    'shows the model an address',
    { search: (text) => ({ calls: 3, containing: text.includes('@') ? 1 : honest.search(text).containing }) },
    '4: the address in no call',
  ],
  [
    'shows the model a card',
    { search: (text) => ({ calls: 3, containing: text.startsWith('4111') ? 1 : honest.search(text).containing }) },
    '4: the card in none',
  ],
  ['forgets the pseudonym', { search: () => ({ calls: 3, containing: 0 }) }, '4: a pseudonym in one'],
  [
    'lets a denied call through',
    {
      ask: lyingWhen(
        (r) => r.content.includes('Nightjar'),
        (r) => answer(r.content),
      ),
    },
    '5: status 403',
  ],
  [
    'denies with words of its own',
    {
      ask: lyingWhen(
        (r) => r.content.includes('Nightjar'),
        () => refuse(403, 'policy_denied', 'no'),
      ),
    },
    "5: the message of the rule's author",
  ],
  [
    'repeats the question in its refusal',
    {
      ask: lyingWhen(
        (r) => r.content.includes('Nightjar'),
        (r) => refuse(403, 'policy_denied', sample.deniedMessage, { rule: sample.deniedRule, prompt: r.content }),
      ),
    },
    '5: nothing of the question repeated',
  ],
  [
    'passes an unlisted model on',
    {
      ask: lyingWhen(
        (r) => r.model === sample.unlistedModel,
        (r) => answer(r.content),
      ),
    },
    '6: status 404',
  ],
  [
    "sends the caller's token to the model",
    { search: () => ({ calls: 3, containing: 3 }) },
    "7: the caller's token in none of them",
  ],
  [
    'forgets the credential once',
    { search: (text) => ({ calls: 3, containing: text.startsWith('Bearer ') ? 1 : honest.search(text).containing }) },
    '7: the injected credential',
  ],
  [
    'lets a refused call reach the model',
    { search: (text) => ({ ...honest.search(text), calls: 4 }) },
    '7: exactly the three allowed calls',
  ],
  ['never reloads', { ask: (r) => honest.ask(r) }, '8: another revision'],
  [
    'reloads without enforcing',
    { ask: (r, m) => ({ ...honest.ask(r), revision: m === undefined ? '1.1-aaaa' : '1.2-bbbb' }) },
    '8: status 403',
  ],
]

describe('the tour', () => {
  it('is content with a gateway that keeps its promises', async () => {
    expect(await findFailures(makeWorld())).toEqual([])
  })

  it.each(lies)('catches a gateway that %s', async (_, lie, failure) => {
    const failures = await findFailures(makeWorld(lie))
    expect(failures.filter((one) => one.startsWith(failure))).not.toEqual([])
  })

  it('is tested against a lie for every step', () => {
    const caught = new Set(lies.map(([, , failure]) => Number.parseInt(failure, 10)))
    expect([...caught]).toEqual(tourSteps.map((_, index) => index + 1))
  })
})
