// What lint says about files, and where: every line below is one that a person will look for at that place.
import { describe, expect, it } from 'vitest'
import type { Finding } from '../offline/finding.ts'
import { byPlace, toFindingText } from '../offline/finding.ts'
import { toWorld } from '../offline/load.ts'
import { readKinds } from '../offline/objects.ts'
import { parseSource } from '../offline/source.ts'
import { findWarnings } from './warnings.ts'

const options = { platformNamespace: 'portcullis', allowLoopback: false }
const kinds = readKinds()

async function findIn(...texts: readonly string[]): Promise<readonly Finding[]> {
  const parsed = texts.map((text, i) => parseSource(texts.length === 1 ? 'a.yaml' : `${'abc'.charAt(i)}.yaml`, text))
  const world = await toWorld({ kinds: await kinds }, parsed, options)
  return [...world.findings, ...findWarnings(world)].toSorted(byPlace)
}

const linesOf = async (...texts: readonly string[]): Promise<readonly string[]> =>
  (await findIn(...texts)).map(toFindingText)

const connection = `apiVersion: portcullis.dev/v1alpha1
kind: ModelConnection
metadata: { namespace: team, name: chat }
spec: { mode: Active, protocol: OpenAI, endpoints: [{ name: main, url: https://api.example.com }] }
---
`

function policy(rules: string): string {
  return `${connection}apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: policy }
spec:
  mode: Enforce
  targetRefs: [{ name: chat }]
  rules:
${rules}`
}

const allow = `    - { name: allow, phase: Request, action: Allow }\n`

function settings(text: string, namespace = 'portcullis'): string {
  const metadata = `{ namespace: ${namespace}, name: portcullis-settings }`
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: ${metadata}\ndata:\n  settings.yaml: |\n${text}`
}

describe('lint', () => {
  it('has nothing to say about what is right', async () => {
    expect(await linesOf(policy(allow))).toEqual([])
  })

  it.each([
    ['a plain text', "when: request.modle == 'x'", 17, 21],
    ['a quoted text', `when: 'request.modle == "x"'`, 17, 22],
    ['a text with quotes in quotes', `when: '''x'' == request.modle'`, 17, 31],
    ['a text in double quotes', `when: "'x' == request.modle"`, 17, 29],
    ['a block', "when: |-\n        'x' ==\n          request.modle", 19, 19],
  ])('[EX6] shows the very character of %s', async (_, when, line, column) => {
    const rule = `    - name: typo\n      phase: Request\n      action: Deny\n      ${when}\n`
    const finding = (await findIn(policy(allow + rule))).find(({ reason }) => reason === 'InvalidExpression')
    expect(finding).toMatchObject({ severity: 'error', path: 'spec.rules[1].when' })
    expect(finding?.message).toContain('modle')
    expect([finding?.line, finding?.column]).toEqual([line, column])
    expect(finding?.expression).toBeUndefined()
  })

  it('says where in the expression when the file does not show it', async () => {
    const rule = `    - name: typo\n      phase: Request\n      action: Deny\n      when: >-\n        true\n        && request.modle == ''\n`
    const [line] = await linesOf(policy(allow + rule))
    expect(line).toMatch(/^a\.yaml:\d+:13: error: InferencePolicy team\/policy, spec\.rules\[1\]\.when 1:17: .*modle/)
  })

  it.each([
    ['broken YAML', 'kind: [', 'a.yaml:1:8: error: this is not valid YAML (bad indent) [BrokenYaml]'],
    ['no object', 'just: text', 'a.yaml:1:1: error: apiVersion and kind are required [NotAnObject]'],
    [
      'a kind that does not exist',
      'apiVersion: portcullis.dev/v1alpha1\nkind: InferencePolicys\nmetadata: { name: a }',
      'a.yaml:2:7: error: kind: portcullis.dev/v1alpha1 InferencePolicys is not a kind that Portcullis knows [UnknownKind]',
    ],
    [
      'another version',
      'apiVersion: portcullis.dev/v1\nkind: InferencePolicy\nmetadata: { name: a }',
      'a.yaml:1:13: error: apiVersion: portcullis.dev/v1 InferencePolicy is not a kind that Portcullis knows [UnknownKind]',
    ],
    [
      'an unknown field, at the field',
      connection.replace('mode: Active', 'mdoe: Active'),
      'a.yaml:4:9: error: ModelConnection team/chat, spec: has an unknown field "mdoe" [Invalid]',
    ],
    [
      'a value that the kind does not allow',
      connection.replace('OpenAI', 'OpenAl'),
      'a.yaml:4:33: error: ModelConnection team/chat, spec.protocol: must be one of ',
    ],
    [
      'a rule of the kind',
      policy(allow).replace('  targetRefs: [{ name: chat }]\n', ''),
      'a.yaml:9:1: error: InferencePolicy team/policy, spec: set exactly one of targetRefs',
    ],
    [
      'a label that is no text',
      connection.replace('name: chat }', 'name: chat, labels: { tier: 1 } }'),
      'a.yaml:3:42: error: metadata.labels: every value must be a text',
    ],
    [
      'a foreign address',
      policy(allow).replace('https://api.example.com', 'http://169.254.169.254'),
      'a.yaml:4:72: error: ModelConnection team/chat, spec.endpoints[0].url: ',
    ],
    [
      'a baseline outside of the platform',
      policy(allow).replace('targetRefs: [{ name: chat }]', 'targetNamespaces: { mode: All }'),
      'a.yaml:11:3: error: InferencePolicy team/policy, spec.targetNamespaces: only policies in namespace portcullis',
    ],
  ])('finds %s', async (_, text, line) => {
    expect(await linesOf(text)).toContainEqual(expect.stringContaining(line))
  })

  it('finds the same object twice, in whatever files', async () => {
    expect(await linesOf(policy(allow), connection)).toEqual([
      'b.yaml:3:36: error: ModelConnection team/chat, metadata.name: stands already at a.yaml:3 [DuplicateObject]',
    ])
  })

  it('finds a mistake in an item of a list', async () => {
    const list = `apiVersion: v1
kind: List
items:
  - apiVersion: portcullis.dev/v1alpha1
    kind: ModelConnection
    metadata: { namespace: team, name: chat }
    spec: { mode: Active, protocol: Nothing, endpoints: [] }
`
    expect(await linesOf(list)).toEqual([
      expect.stringMatching(/^a\.yaml:7:37: error: ModelConnection team\/chat, spec\.protocol: must be one of/),
      expect.stringMatching(/^a\.yaml:7:46: error: ModelConnection team\/chat, spec\.endpoints: must have at least 1/),
    ])
  })

  it.each([
    [
      'no YAML',
      settings('    issuers: [\n'),
      /^a\.yaml:\d:\d+: error: ConfigMap portcullis\/portcullis-settings, settings\.yaml: this is no YAML/,
    ],
    [
      'an unknown field',
      settings('    grants: []\n    isuers: []\n'),
      /^a\.yaml:6:5: error: .*has an unknown field "isuers"/,
    ],
    [
      'a wrong value',
      settings('    grants:\n      - namespace: Team\n'),
      /^a\.yaml:7:20: error: .*grants\[0\]\.namespace: must be a name/,
    ],
    [
      'nobody who could call',
      settings('    issuers: []\n'),
      /^a\.yaml:5:18: warning: .*name no issuer.* \[NobodyKnown\]$/,
    ],
    [
      'another namespace',
      settings('    issuers: []\n', 'team'),
      /^a\.yaml:3:24: warning: .*namespace portcullis alone \[NotRead\]$/,
    ],
  ])('finds in the platform settings: %s', async (_, text, line) => {
    expect(await linesOf(text)).toEqual([expect.stringMatching(line)])
  })
})

describe('warnings', () => {
  const masking = `  masking: { request: [{ name: cards, class: PCI, action: Redact }] }\n`
  const content =
    'content: { mode: Declared, fields: [{ name: a, phase: Request, kind: Text, pointer: /a, classification: PCI }, ' +
    '{ name: b, phase: Request, kind: Text, pointer: /b, classification: PHI }] }'
  const denyAll = `    - { name: stop, phase: Request, action: Deny }\n`
  const denyOne = `    - { name: stop, phase: Request, action: Deny, when: request.stream }\n`
  const allowOne = `    - { name: streams, phase: Request, action: Allow, when: request.stream }\n`

  it.each([
    [
      'a connection without a policy',
      connection,
      ['3:36: warning: ModelConnection team/chat, metadata.name: no enforced policy'],
    ],
    [
      'a connection that nothing allows',
      policy(denyOne),
      [
        '3:36: warning: ModelConnection team/chat, metadata.name: no policy that selects it has a rule with action: Allow',
      ],
    ],
    [
      'a target that is not there',
      policy(allow).replace('[{ name: chat }]', '[{ name: chat }, { name: chad }]'),
      [
        '11:40: warning: InferencePolicy team/policy, spec.targetRefs[1].name: no file has a ModelConnection of this name in namespace team',
      ],
    ],
    [
      'labels that nothing has',
      `${policy(allow)}---\n${policy(allow).slice(connection.length).replace('name: policy', 'name: other').replace('targetRefs: [{ name: chat }]', 'targetSelector: { matchLabels: { tier: gold } }')}`,
      ['20:3: warning: InferencePolicy team/other, spec.targetSelector: it selects no connection of these files'],
    ],
    [
      'a rule that never matches',
      policy(`${allow}    - { name: never, phase: Request, action: Deny, when: 'false' }\n`),
      ['14:58: warning: InferencePolicy team/policy, spec.rules[1].when: rule never never matches'],
    ],
    [
      'an Allow beside a Deny of everything',
      policy(allow + denyAll),
      [
        '13:15: warning: InferencePolicy team/policy, spec.rules[0].name: rule allow allows nobody: whenever it matches, rule stop',
      ],
    ],
    [
      'an Allow beside a Deny of the same',
      policy(allow + allowOne + denyOne),
      ['14:15: warning: InferencePolicy team/policy, spec.rules[1].name: rule streams allows nobody'],
    ],
    [
      'a class that nothing speaks of',
      policy(allow) + `  dataClasses: [{ name: PCI, detectors: [PCI] }, { name: PII, detectors: [PII] }]\n` + masking,
      [
        '14:58: warning: InferencePolicy team/policy, spec.dataClasses[1].name: no mask and no expression of this policy',
      ],
    ],
    [
      'classes of a policy that asks for findings',
      policy(allow + `    - { name: a, phase: Request, action: Deny, when: findings.PCI.count > 2 }\n`) +
        `  dataClasses: [{ name: PCI, detectors: [PCI] }]\n`,
      [],
    ],
    [
      'a field of a class that no policy has',
      `${policy(allow).replace('protocol: OpenAI,', `protocol: HTTP, ${content},`)}  dataClasses: [{ name: PCI, detectors: [PCI] }]\n${masking}`,
      ['4:218: warning: ModelConnection team/chat, spec.content.fields[1].classification: no policy of these files'],
    ],
    ['an Allow beside a Deny of something else', policy(allow + denyOne), []],
    [
      'a disabled policy that selects nothing',
      `${policy(allow)}---\n${policy(allow).slice(connection.length).replace('name: policy', 'name: other').replace('name: chat', 'name: none').replace('Enforce', 'Disabled')}`,
      [],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await linesOf(text)).toEqual(expected.map((line) => expect.stringContaining(`a.yaml:${line}`)))
  })
})
