// `portcullis test` over whole files: the samples of this repository, every kind of expectation, and tests that must not pass.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeFiles, run } from '../helpers/cli.ts'

const root = path.resolve(import.meta.dirname, '../..')
const samples = path.join(root, 'config/samples/tests')

const objects = `
apiVersion: portcullis.dev/v1alpha1
kind: ModelConnection
metadata: { namespace: team, name: chat }
spec:
  mode: Active
  protocol: OpenAI
  endpoints: [{ name: main, url: https://api.example.com }]
---
apiVersion: portcullis.dev/v1alpha1
kind: ModelConnection
metadata: { namespace: team, name: claude }
spec: { mode: Active, protocol: Anthropic, endpoints: [{ name: main, url: https://api.example.com }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: main }
spec:
  mode: Enforce
  targetRefs: [{ name: chat }, { name: claude }]
  variables:
    - { name: isLate, expression: now.getHours() >= 18 }
  rules:
    - { name: open, phase: Request, action: Allow }
    - { name: late, phase: Request, action: Deny, when: variables.isLate, message: come back tomorrow }
    - { name: costly, phase: Request, action: Deny, when: request.inputTokens > 200 }
    - { name: fails, phase: Request, action: Deny, when: request.body.absent == 1 && request.model == 'fail' }
    - { name: no-secret, phase: Response, action: Deny, when: response.text.contains('swordfish'), onStream: Cut }
  risk:
    scores: [{ name: gamble, when: request.prompt.contains('dice'), weight: 60 }]
    denyAbove: 50
  limits:
    - { name: calls, key: identity.username, requests: 10, window: 1m }
---
apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: canary }
spec:
  mode: Audit
  targetRefs: [{ name: chat }]
  rules: [{ name: strict, phase: Request, action: Deny, when: request.stream }]
`

function fixture(cases: string): string {
  return `
apiVersion: cli.portcullis.dev/v1alpha1
kind: PolicyTest
metadata: { name: team }
objects: [objects.yaml]
now: 2026-11-20T09:00:00Z
identities:
  alice: { username: alice, groups: [research] }
cases:
${cases}`
}

const json = (fields = '', content = 'hello'): string =>
  `request: { path: /v1/chat/completions, json: { model: small, messages: [{ role: user, content: ${content} }]${fields} } }`

function makeCase(name: string, fields: readonly string[]): string {
  return [`  - name: ${name}`, 'as: alice', 'connection: team/chat', ...fields].join('\n    ')
}

async function runCases(cases: string, ...words: readonly string[]) {
  await using files = await makeFiles({ 'objects.yaml': objects, 'tests.yaml': fixture(cases) })
  const { folder } = files
  const ran = await run('test', path.join(folder, 'tests.yaml'), ...words)
  return { ...ran, output: ran.output.replaceAll(`${folder}/`, '') }
}

function chunk(text: string): string {
  const choice = `{ index: 0, delta: { content: ${text} }, finish_reason: null }`
  return `{ data: { id: c, object: chat.completion.chunk, created: 1, model: m, choices: [${choice}] } }`
}

function whole(text: string): string {
  const choice = `{ index: 0, message: { role: assistant, content: ${text} }, finish_reason: stop }`
  return `{ json: { id: c, object: chat.completion, created: 1, model: m, choices: [${choice}] } }`
}

describe('the samples of this repository', () => {
  it('keep what their tests say, and every rule of theirs is met', async () => {
    const { code, output } = await run('test', samples, '--coverage', '--min-coverage', '100')
    expect(output).toMatch(/coverage: (\d+) of \1 rules \(100 %\)\n$/)
    expect(output).not.toContain('✗')
    expect(code).toBe(0)
  })
})

describe('portcullis test', () => {
  it.each([
    [
      'a permit with rules, limits and shadow',
      [
        json(', stream: true'),
        'expect: { decision: Permit, rules: [team/main/open], limits: [{ policy: team/main, limit: calls, key: alice, measure: Requests, max: 10 }], shadow: [{ policy: team/canary, rule: strict }] }',
      ],
    ],
    ['no shadow', [json(), 'expect: { decision: Permit, shadow: [] }']],
    [
      'a moment',
      [
        json(),
        'now: 2026-11-20T18:00:00Z',
        'expect: { decision: Deny, rule: late, message: come back tomorrow, reason: DeniedByRule, code: policy_denied }',
      ],
    ],
    ['a moment of another zone', [json(), 'now: 2026-11-20T18:00:00+02:00', 'expect: { decision: Permit }']],
    ['a risk', [json('', 'roll the dice'), 'expect: { decision: Deny, reason: RiskTooHigh, policy: team/main }']],
    ['tokens as they are counted', [json('', 'x'.repeat(300)), 'expect: { decision: Deny, rule: costly }']],
    [
      'a failing rule',
      [json().replace('small', 'fail'), 'expect: { decision: Deny, reason: EvaluationFailed, rule: fails }'],
    ],
    [
      'a body that the protocol refuses',
      [
        'request: { path: /v1/chat/completions, headers: { content-type: application/json }, text: "{" }',
        'expect: { decision: Deny, code: body_malformed }',
      ],
    ],
    [
      'a path that the protocol does not know',
      ['request: { path: /v1/nothing, json: {} }', 'expect: { decision: Deny, code: operation_not_supported }'],
    ],
    [
      'a path that two readers read differently',
      ['request: { path: /v1/%63hat, json: {} }', 'expect: { decision: Deny, code: bad_request }'],
    ],
    [
      'a content type that nobody judges',
      [
        'request: { path: /v1/chat/completions, text: hello }',
        'expect: { decision: Deny, code: content_type_unsupported }',
      ],
    ],
    [
      'bytes',
      [
        `request: { path: /v1/chat/completions, headers: { content-type: application/json, content-encoding: gzip }, base64: ${gzipSync('{"model":"small","messages":[{"role":"user","content":"roll the dice"}]}').toString('base64')} }`,
        'expect: { decision: Deny, reason: RiskTooHigh }',
      ],
    ],
    ['an answer', [json(), `answer: ${whole('fine')}`, 'expect: { decision: Permit, answer: Released }']],
    [
      'an answer that a rule refuses',
      [
        json(),
        `answer: ${whole('the word is swordfish')}`,
        'expect: { decision: Permit, answer: Denied, policy: team/main, rule: no-secret, reason: DeniedByRule, code: response_denied }',
      ],
    ],
    [
      'an error of the model that a rule refuses',
      [
        json(),
        'answer: { status: 500, json: { error: { message: swordfish } } }',
        'expect: { decision: Permit, answer: Denied, rule: no-secret }',
      ],
    ],
    [
      'an answer that cannot be read',
      [
        json(),
        'answer: { headers: { content-type: application/json }, text: "{" }',
        'expect: { decision: Permit, answer: Denied, code: response_unreadable }',
      ],
    ],
    ['an answer without a body', [json(), 'answer: { status: 204 }', 'expect: { decision: Permit, answer: Released }']],
    [
      'a stream',
      [
        json(', stream: true'),
        `answer: { events: [${chunk('fine')}, { data: "[DONE]" }] }`,
        'expect: { decision: Permit, answer: Released }',
      ],
    ],
    [
      'a stream in which two events make a word',
      [
        json(', stream: true'),
        `answer: { events: [${chunk('sword')}, ${chunk('fish')}, { data: "[DONE]" }] }`,
        'expect: { decision: Permit, answer: Denied, rule: no-secret }',
      ],
    ],
  ])('tells of %s', async (_, fields) => {
    const { output, code } = await runCases(makeCase('one', fields))
    expect(output).toContain('✓ one')
    expect(code).toBe(0)
  })

  it('reads other protocols by their own readers', async () => {
    const call = [
      '  - name: claude',
      'as: alice',
      'connection: team/claude',
      'request: { path: /v1/messages, headers: { anthropic-version: "2023-06-01" }, json: { model: m, max_tokens: 9, messages: [{ role: user, content: roll the dice }] } }',
      'expect: { decision: Deny, reason: RiskTooHigh }',
    ].join('\n    ')
    expect((await runCases(call)).output).toContain('✓ claude')
  })

  it.each([
    [
      'another decision',
      [json(), 'expect: { decision: Deny, rule: late }'],
      ['✗ one  tests.yaml:10', 'decision expected Deny', 'found    Permit', 'allowed by team/main/open'],
    ],
    [
      'another reason',
      [json('', 'dice'), 'expect: { decision: Deny, reason: DeniedByRule }'],
      ['reason   expected DeniedByRule', 'found    RiskTooHigh', 'refused by team/main (RiskTooHigh, policy_denied)'],
    ],
    [
      'another limit',
      [json(), 'expect: { decision: Permit, limits: [{ limit: calls, max: 11 }] }'],
      ['limits   expected calls (max 11)', 'found    team/main/calls (Requests, max 10, key alice)'],
    ],
    [
      'another rule that allows',
      [json(), 'expect: { decision: Permit, rules: [team/main/closed] }'],
      ['rules    expected team/main/closed', 'found    team/main/open'],
    ],
    [
      'a shadow that is missing',
      [json(), 'expect: { decision: Permit, shadow: [{ policy: team/canary }] }'],
      ['shadow   expected team/canary', 'found    (nothing)'],
    ],
    [
      'an answer that should be refused',
      [json(), `answer: ${whole('fine')}`, 'expect: { decision: Permit, answer: Denied, rule: no-secret }'],
      ['answer   expected Denied', 'found    Released'],
    ],
    [
      'an answer that should pass',
      [json(), `answer: ${whole('swordfish')}`, 'expect: { decision: Permit, answer: Released }'],
      ['answer   expected Released', 'refused by team/main/no-secret (DeniedByRule, response_denied)'],
    ],
  ])('fails for %s', async (_, fields, lines) => {
    const { code, output } = await runCases(makeCase('one', fields))
    for (const line of lines) expect(output).toContain(line)
    expect(output).toContain('test: 0 of 1 cases, 1 failed')
    expect(code).toBe(1)
  })

  const two = `${makeCase('calls', [json(), 'expect: { decision: Permit }'])}\n${makeCase('asks late', [json(), 'now: 2026-11-20T19:00:00Z', 'expect: { decision: Permit }'])}`

  it('says which rules no case meets, and fails below what is wanted', async () => {
    const only = makeCase('calls', [json(), 'expect: { decision: Permit }'])
    const { code, output } = await runCases(only, '--coverage')
    expect(output).toContain('objects.yaml:25: no case meets rule late of team/main')
    expect(output).toContain('no case meets rule strict of team/canary')
    expect(output).toContain('no case meets rule no-secret of team/main')
    expect(output).toMatch(/coverage: 1 of 6 rules \(16\.6 %\)\n$/)
    expect(code).toBe(0)
    const wanted = await runCases(only, '--min-coverage', '17')
    expect(wanted.output).toContain('(16.6 %), 17 % are wanted')
    expect(wanted.code).toBe(1)
    expect((await runCases(only, '--min-coverage', '16')).code).toBe(0)
  })

  it('counts a rule for answers as met when an answer met it', async () => {
    const { output } = await runCases(
      makeCase('a', [
        json(),
        `answer: ${whole('swordfish')}`,
        'expect: { decision: Permit, answer: Denied, rule: no-secret }',
      ]),
      '--coverage',
    )
    expect(output).toContain('coverage: 2 of 6 rules')
    expect(output).not.toContain('no-secret')
  })

  it('runs what a filter leaves', async () => {
    const { code, output } = await runCases(two, '--filter', 'calls')
    expect(output).toContain('test: 1 of 1 cases')
    expect(code).toBe(0)
    await expect(runCases(two, '--filter', 'nothing')).rejects.toMatchObject({ code: 'fixture_invalid' })
  })

  it('writes JUnit for CI, and what people read beside it', async () => {
    await using files = await makeFiles({ 'objects.yaml': objects, 'tests.yaml': fixture(two) })
    const report = path.join(files.folder, 'report.xml')
    const { code, output } = await run(
      'test',
      files.folder,
      '--output',
      'junit',
      '--output-file',
      report,
      '--min-coverage',
      '100',
    )
    expect(code).toBe(1)
    expect(output).toContain('✗ asks late')
    const xml = await readFile(report, 'utf8')
    expect(xml).toContain('<testsuites name="portcullis test" tests="3" failures="2"')
    expect(xml).toContain('<testsuite name="team" tests="2" failures="1"')
    expect(xml).toContain('<failure type="Difference" message="decision: expected Permit, found Deny">')
    expect(xml).toContain('no case meets rule strict of team/canary')
    const nowhere = path.join(files.folder, 'no/such/folder.xml')
    const writing = run('test', files.folder, '--output', 'junit', '--output-file', nowhere)
    await expect(writing).rejects.toMatchObject({ code: 'file_unwritable' })
  })

  it('writes JSON alone where no file is named', async () => {
    const { output } = await runCases(two, '--output', 'json')
    expect(JSON.parse(output)).toMatchObject({
      cases: 2,
      failed: 1,
      tests: [
        {
          file: 'tests.yaml',
          name: 'team',
          cases: [
            { name: 'calls', passed: true, differences: [], found: { decision: 'Permit', rules: ['team/main/open'] } },
            {
              name: 'asks late',
              passed: false,
              differences: [{ field: 'decision', expected: 'Permit', found: 'Deny' }],
            },
          ],
        },
      ],
      coverage: { met: 2, total: 6 },
    })
  })

  const sound = makeCase('one', [json(), 'expect: { decision: Permit }'])

  it.each([
    ['a folder without a test', { 'objects.yaml': objects }, 'there is no PolicyTest in'],
    [
      'a test without cases',
      { 'objects.yaml': objects, 'tests.yaml': fixture('').replace('cases:\n', 'cases: []') },
      'tests.yaml:9:1: error: PolicyTest, cases: must have 1 to 10000 items',
    ],
    [
      'an unknown field',
      { 'objects.yaml': objects, 'tests.yaml': fixture(sound).replace('decision', 'desision') },
      'tests.yaml:14:15: error: PolicyTest, cases[0].expect: has an unknown field "desision"',
    ],
    [
      'broken YAML',
      { 'objects.yaml': objects, 'tests.yaml': fixture('  - [') },
      'tests.yaml:10:6: error: this is not valid YAML',
    ],
    [
      'another version',
      { 'objects.yaml': objects, 'tests.yaml': fixture(sound).replace('v1alpha1', 'v2') },
      'apiVersion: must be one of cli.portcullis.dev/v1alpha1',
    ],
    ['objects that are not there', { 'tests.yaml': fixture(sound) }, 'there is no file or folder'],
    [
      'a connection that is not there',
      { 'objects.yaml': objects, 'tests.yaml': fixture(sound).replace('team/chat', 'team/chad') },
      'cases[0].connection: no ModelConnection of this name is in the objects of this test',
    ],
    [
      'objects that an operator would refuse',
      { 'objects.yaml': objects.replace('request.stream', 'request.straem'), 'tests.yaml': fixture(sound) },
      'unknown field "straem"',
    ],
  ])('does not start with %s', async (_, given, message) => {
    await using files = await makeFiles(given)
    const failed: unknown = await run('test', files.folder).catch((error: unknown) => error)
    const { folder } = files
    expect(failed).toMatchObject({ name: 'CliError' })
    const { message: said, advice } = failed as { message: string; advice: readonly string[] }
    expect([said, ...advice].join('\n').replaceAll(`${folder}/`, '')).toContain(message)
  })
})
