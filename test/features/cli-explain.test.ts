// `portcullis explain`: who decides about one call, and what everybody else has to say.
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeFiles, run } from '../helpers/cli.ts'

const objects = `
apiVersion: portcullis.dev/v1alpha1
kind: ModelConnection
metadata: { namespace: team, name: chat }
spec: { mode: Active, protocol: OpenAI, endpoints: [{ name: main, url: https://api.example.com }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: main }
spec:
  mode: Enforce
  targetRefs: [{ name: chat }]
  subjects:
    - { name: on-call, group: sre }
    - { name: research, group: research }
  variables:
    - { name: first, expression: 'request.messages[0].content' }
    - { name: since, expression: 'now - timestamp("2026-01-01T00:00:00Z")' }
    - { name: tenth, expression: 'request.messages[9].content' }
  rules:
    - { name: open, phase: Request, action: Allow }
    - { name: greeting, phase: Request, action: Deny, when: variables.first == 'hello', message: be brief }
    - { name: long, phase: Request, action: Deny, when: variables.tenth == 'x' }
    - { name: no-secret, phase: Response, action: Deny, when: response.text.contains('swordfish') }
  risk:
    scores: [{ name: short, when: request.bytes < 1000, weight: 5, reason: a short question }]
    denyAbove: 50
  limits:
    - { name: calls, key: identity.username, requests: 10, window: 1m }
  dataClasses:
    - { name: PCI, detectors: [PCI] }
  masking:
    request: [{ name: cards, class: PCI, action: Redact }]
    response: [{ name: ids, field: /metadata/id, action: Hash }]
---
apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: off }
spec: { mode: Disabled, targetRefs: [{ name: chat }], rules: [{ name: all, phase: Request, action: Allow }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: other, name: main }
spec: { mode: Enforce, targetSelector: { matchLabels: { a: b } }, rules: [{ name: all, phase: Request, action: Allow }] }
`

const call = `
connection: team/chat
identities:
  alice: { username: alice, groups: [research] }
request: { path: /v1/chat/completions, json: { model: m, messages: [{ role: user, content: hello }] } }
`

const identity = 'username: bob\ngroups: [sales]\n'

async function explainCall(words: readonly string[], files: Readonly<Record<string, string>> = {}) {
  await using made = await makeFiles({ 'objects.yaml': objects, 'call.yaml': call, 'bob.yaml': identity, ...files })
  const inFolder = words.map((word) => (word.endsWith('.yaml') ? path.join(made.folder, word) : word))
  const ran = await run('explain', ...inFolder)
  return ran
}

const usual = ['objects.yaml', '--as', 'alice', '--request', 'call.yaml']

describe('portcullis explain', () => {
  it('tells the decision and what each policy says', async () => {
    const { code, output } = await explainCall(usual)
    expect(code).toBe(0)
    expect(output).toBe(`call        POST /v1/chat/completions
caller      alice
connection  team/chat
decision    Deny by team/main/greeting (DeniedByRule, policy_denied)
            be brief

team/main (Enforce) speaks about this caller, and refuses
  subject   on-call   differs in group
  subject   research  matches
  rule      open      Allow, matched
  rule      greeting  Deny, matched: be brief
  rule      long      Deny, failed: a variable or score that it uses failed
  risk      5         a short question, refused above 50
  limit     calls     10 Requests in 60 s, counted for "alice"
  mask      cards     Redact, what is found of class PCI, in the request
  mask      ids       Hash, what stands at /metadata/id, in the answer
  variable  first     has a value (--values shows it)
  variable  since     has a value (--values shows it)
  variable  tenth     failed: index out of range

other/main was not asked: it does not select this connection
team/off was not asked: mode Disabled
`)
  })

  it('shows values to those alone who ask for them', async () => {
    const hidden = await explainCall([...usual, '--output', 'json'])
    expect(JSON.stringify(JSON.parse(hidden.output).policies[0].variables)).not.toContain('hello')
    const shown = await explainCall([...usual, '--values', '--output', 'json'])
    expect(JSON.parse(shown.output).policies[0].variables).toEqual([
      { name: 'first', value: 'hello' },
      { name: 'since', value: '(duration)' },
      { name: 'tenth', failure: expect.any(String) },
    ])
    expect((await explainCall([...usual, '--values'])).output).toContain('variable  first     "hello"')
  })

  it('takes an identity from a file of its own', async () => {
    const { output } = await explainCall(['objects.yaml', '--as', 'bob.yaml', '--request', 'call.yaml'])
    expect(output).toContain('caller      bob')
    expect(output).toContain('decision    Deny (NoPolicySelectsCaller, policy_denied)')
    expect(output).toContain('team/main (Enforce) does not speak about this caller')
  })

  it('tells what rules say about the answer', async () => {
    const asked = call.replace('hello', 'hi')
    const messages = Array.from({ length: 9 }, () => '{ role: user, content: a }').join(', ')
    const long = asked.replace('messages: [', `messages: [${messages}, `)
    const answered = `${long}answer: { json: { id: a, object: chat.completion, created: 1, model: m, choices: [{ index: 0, message: { role: assistant, content: swordfish }, finish_reason: stop }] } }\n`
    const { output } = await explainCall(usual, { 'call.yaml': answered })
    expect(output).toContain(
      'Permit by team/main/open; the answer is refused by team/main/no-secret (DeniedByRule, response_denied)',
    )
    expect(output).toContain(
      'the answer, to team/main (Enforce), which refuses it\n  rule      no-secret  Deny, matched',
    )
  })

  it('says why a call never came to the policies', async () => {
    const { output } = await explainCall(usual, { 'call.yaml': call.replace('/v1/chat/completions', '/v1/none') })
    expect(output).toContain('decision    Deny (operation_not_supported)')
    expect(output).not.toContain('speaks about')
    const lost = call.replace('connection: team/chat\n', '').replace('/v1/chat', '/nowhere')
    expect((await explainCall(usual, { 'call.yaml': lost })).output).toContain(
      'connection  none: no route leads to one',
    )
  })

  it('explains a case of a test, by a part of its name', async () => {
    const samples = path.resolve(import.meta.dirname, '../../config/samples/tests')
    const { output } = await run('explain', samples, '--case', 'old turns')
    expect(output).toContain('decision    Deny by research/chat-for-research/nightjar-is-confidential')
    await expect(run('explain', samples, '--case', 'a')).rejects.toMatchObject({
      message: expect.stringMatching(/^\d+ cases have that in their names$/),
    })
    await expect(run('explain', samples, '--case', 'no such case')).rejects.toMatchObject({
      message: 'no case has that in its name',
    })
  })

  it.each([
    ['nobody', ['objects.yaml', '--as', 'mallory', '--request', 'call.yaml'], {}, '--as is neither a file nor a name'],
    ['no request', ['objects.yaml', '--as', 'alice', '--request', 'none.yaml'], {}, 'none.yaml cannot be used'],
    ['a request with an unknown field', usual, { 'call.yaml': `${call}expect: {}\n` }, 'call.yaml cannot be used'],
    ['two requests', usual, { 'call.yaml': `${call}---${call}` }, 'call.yaml cannot be used'],
    [
      'a connection that is not there',
      usual,
      { 'call.yaml': call.replace('team/chat', 'team/chad') },
      'there is no ModelConnection team/chad',
    ],
    [
      'objects with mistakes',
      usual,
      { 'objects.yaml': objects.replace('request.bytes', 'request.bites') },
      'the objects have mistakes',
    ],
  ])('does not start with %s', async (_, words, files, message) => {
    await expect(explainCall(words, files)).rejects.toMatchObject({
      name: 'CliError',
      message: expect.stringContaining(message),
    })
  })
})
