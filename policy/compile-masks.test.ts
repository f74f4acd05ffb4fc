import { describe, expect, it } from 'vitest'
import type { InferencePolicySpec } from '../crds/generated/inference-policy.ts'
import { allowAll, denyWhen, makePolicy } from '../test/helpers/make.ts'
import type { BundlePolicy } from './bundle.ts'
import { compilePolicy } from './compile.ts'
import type { CompiledPolicy, PolicyCompilation } from './compiled.ts'
import { environmentsOf } from './environment.ts'
import { makeCompiler } from './expression.ts'
import { noMasks } from './judgement.ts'
import { packs } from './masking/packs.ts'
import { toProblemText } from './problem.ts'

type Spec = Partial<InferencePolicySpec>
type DataClass = NonNullable<Spec['dataClasses']>[number]
type Mask = NonNullable<NonNullable<Spec['masking']>['request']>[number]

function compile(spec: Spec, options: Pick<BundlePolicy, 'dictionaries'> = {}): PolicyCompilation {
  return compilePolicy(makeCompiler(), makePolicy(spec, options), environmentsOf('OpenAI', false))
}

const problemsOf = (spec: Spec, dictionaries?: BundlePolicy['dictionaries']): readonly string[] =>
  compile(spec, dictionaries === undefined ? {} : { dictionaries }).problems.map(
    ({ path, reason }) => `${path} ${reason}`,
  )

const cards: DataClass = { name: 'PCI', detectors: ['PCI'] }
const caseNumber = { name: 'case-number', pattern: 'CASE-[0-9]{8}' }
const projects = { name: 'projects', configMapRef: { name: 'terms', key: 'projects.txt' } }
const terms = { 'terms/projects.txt': ['Blue Heron', 'Red Kite'] }
const redact: Mask = { name: 'cards', class: 'PCI', action: 'Redact' }

const masking = (...request: readonly Mask[]): Spec => ({ dataClasses: [cards], masking: { request } })

describe('a data class', () => {
  it('[MK6] has the detectors of all that it names, each once', () => {
    const { policy, problems } = compile({
      dataClasses: [{ name: 'A', detectors: ['pci', 'card', 'us-ssn', 'US_SSN'] }],
    })
    expect(problems).toEqual([])
    const names = policy.classes[0]?.detectors.map(({ name }) => name) ?? []
    expect(names.slice(0, packs.PCI.length)).toEqual(packs.PCI.map(({ name }) => name))
    expect(new Set(names).size).toBe(names.length)
  })

  it('[MK6] has its own patterns and dictionaries under names that no other policy has', () => {
    const spec: Spec = { dataClasses: [{ name: 'A', patterns: [caseNumber], dictionaries: [projects] }] }
    const { policy, problems } = compile(spec, { dictionaries: terms })
    expect(problems).toEqual([])
    expect(policy.classes[0]?.detectors.map((detector) => [detector.name, detector.class])).toEqual([
      ['team-a/policy/A/case-number', 'A'],
      ['team-a/policy/A/projects', 'A'],
    ])
  })

  it.for<readonly [string, DataClass, readonly string[]]>([
    [
      'an unknown detector',
      { name: 'A', detectors: ['email', 'nobody'] },
      ['spec.dataClasses[0].detectors[1] NotFound'],
    ],
    [
      'a pattern that is none',
      { name: 'A', patterns: [{ name: 'a', pattern: '(' }] },
      ['spec.dataClasses[0].patterns[0].pattern Invalid'],
    ],
    [
      'a pattern that finds nothing',
      { name: 'A', patterns: [caseNumber, { name: 'a', pattern: 'x*' }] },
      ['spec.dataClasses[0].patterns[1].pattern Invalid'],
    ],
    [
      'back-references',
      { name: 'A', patterns: [{ name: 'a', pattern: String.raw`(a)\1` }] },
      ['spec.dataClasses[0].patterns[0].pattern Invalid'],
    ],
    [
      'a word of context without letters',
      { name: 'A', patterns: [{ ...caseNumber, context: ['--'] }] },
      ['spec.dataClasses[0].patterns[0].context[0] Invalid'],
    ],
    [
      'terms that are not here',
      { name: 'A', dictionaries: [projects] },
      ['spec.dataClasses[0].dictionaries[0].configMapRef NotFound'],
    ],
    ['a pointer that is none', { name: 'A', fields: ['/a~2'] }, ['spec.dataClasses[0].fields[0] Invalid']],
    ['nothing at all', { name: 'A' }, ['spec.dataClasses[0] Invalid']],
  ])('is refused for %s, at its place', ([, dataClass, expected]) => {
    expect(problemsOf({ dataClasses: [dataClass] })).toEqual(expected)
  })

  it('is refused for terms that find nothing, and for two of one name', () => {
    const twin = { ...projects, name: caseNumber.name }
    expect(
      problemsOf({ dataClasses: [{ name: 'A', dictionaries: [projects] }] }, { 'terms/projects.txt': [] }),
    ).toEqual(['spec.dataClasses[0].dictionaries[0].configMapRef Invalid'])
    expect(problemsOf({ dataClasses: [{ name: 'A', patterns: [caseNumber], dictionaries: [twin] }] }, terms)).toEqual([
      'spec.dataClasses[0].dictionaries[0].name Conflict',
    ])
  })

  it.for([
    ['emial', 'did you mean email?'],
    ['ssn-us', 'packs are PII, PHI, PCI, Secrets'],
    ['ibann', 'did you mean iban?'],
    ['nonsense', 'packs are PII, PHI, PCI, Secrets'],
  ] as const)('that names %s is answered: %s', ([detector, expected]) => {
    const [problem] = compile({ dataClasses: [{ name: 'A', detectors: [detector] }] }).problems
    expect(problem?.message).toContain(expected)
  })

  it('is refused for terms whose automaton is too large, by themselves or together', () => {
    const nested = Array.from('abcdefgh').flatMap((letter) =>
      Array.from({ length: 256 }, (_, i) => letter.repeat(i + 1)),
    )
    expect(
      problemsOf({ dataClasses: [{ name: 'A', dictionaries: [projects] }] }, { 'terms/projects.txt': nested }),
    ).toEqual(['spec.dataClasses[0].dictionaries[0].configMapRef Invalid'])
    const many = Array.from({ length: 5_000 }, (_, i) => `${(i * 7919).toString(36)} ${(i * 104_729).toString(36)}`)
    const dictionaries = [1, 2, 3].map((i) => ({ ...projects, name: `p${i}` }))
    const dataClasses = [{ name: 'A', dictionaries }]
    expect(problemsOf({ dataClasses }, { 'terms/projects.txt': many })).toEqual(['spec.dataClasses Invalid'])
  })

  it('is refused where all patterns together are too large', () => {
    const patterns = Array.from({ length: 64 }, (_, i) => ({ name: `p${i}`, pattern: `${'[ab]c'.repeat(200)}${i}` }))
    const dataClasses = Array.from({ length: 16 }, (_, i) => ({ name: `C${i}`, patterns }))
    const masks = { request: [{ ...redact, class: 'C0' }] }
    expect(problemsOf({ dataClasses, masking: masks })).toEqual(['spec.dataClasses Invalid'])
  })
})

describe('a mask', () => {
  it('looks for what its class has, and names findings by it', () => {
    const { policy } = compile(masking(redact))
    const [dataClass] = policy.classes
    expect(policy.masks.request).toEqual([
      {
        policy: 'team-a/policy',
        name: 'cards',
        class: 'PCI',
        detectors: dataClass?.detectors,
        fields: [],
        action: 'Redact',
        label: 'PCI',
        keepLast: 4,
        restores: false,
        acts: true,
      },
    ])
    expect(policy.masks.request[0]?.detectors).toBe(dataClass?.detectors)
    expect(policy.masks.response).toEqual([])
  })

  it('may be about one place, by its pointer', () => {
    const { policy, problems } = compile({
      masking: { response: [{ name: 'a', field: '/metadata/*/patient', action: 'Replace', label: 'X' }] },
    })
    expect(problems).toEqual([])
    expect(policy.masks.response).toMatchObject([
      { class: undefined, detectors: [], fields: ['/metadata/*/patient'], label: 'X' },
    ])
  })

  it.for<readonly [string, Partial<Mask>, object]>([
    ['keeps what it says', { action: 'Partial', keepLast: 0 }, { keepLast: 0 }],
    ['restores', { action: 'Pseudonymize', restore: 'Response' }, { restores: true }],
    ['restores nothing', { action: 'Pseudonymize', restore: 'Never' }, { restores: false }],
    ['has its label', { action: 'Hash', label: 'CARD' }, { label: 'CARD' }],
  ])('%s', ([, parts, expected]) => {
    const { policy, problems } = compile(masking({ ...redact, ...parts }))
    expect(problems).toEqual([])
    expect(policy.masks.request).toMatchObject([expected])
  })

  it('[MK13] does not act in mode Audit', () => {
    expect(compile({ ...masking(redact), mode: 'Audit' }).policy.masks.request).toMatchObject([{ acts: false }])
  })

  const bare: Mask = { name: 'a', action: 'Redact' }
  it.for<readonly [string, Mask, readonly string[]]>([
    ['a class that is not declared', { ...redact, class: 'PHI' }, ['spec.masking.request[0].class NotFound']],
    ['neither class nor field', bare, ['spec.masking.request[0] Invalid']],
    ['both', { ...redact, field: '/a' }, ['spec.masking.request[0] Invalid']],
    ['a pointer that is none', { ...bare, field: '/~' }, ['spec.masking.request[0].field Invalid']],
    [
      'restore of a digest',
      { ...redact, action: 'Hash', restore: 'Never' },
      ['spec.masking.request[0].restore Invalid'],
    ],
    ['keepLast of all', { ...redact, keepLast: 4 }, ['spec.masking.request[0].keepLast Invalid']],
    ['keepLast beyond 8', { ...redact, action: 'Partial', keepLast: 9 }, ['spec.masking.request[0].keepLast Invalid']],
    ['a label that nobody reads', { ...redact, action: 'Deny', label: 'X' }, ['spec.masking.request[0].label Invalid']],
    ['Replace without a label', { ...redact, action: 'Replace' }, ['spec.masking.request[0].label Invalid']],
  ])('is refused for %s', ([, mask, expected]) => {
    expect(problemsOf(masking(mask))).toEqual(expected)
  })

  it('is refused for a class of which nothing can be found', () => {
    const { policy, problems } = compile({
      dataClasses: [{ name: 'A', detectors: ['x1'] }],
      masking: { request: [{ ...redact, class: 'A' }] },
    })
    expect(problems.map(({ path }) => path)).toEqual(['spec.dataClasses[0].detectors[0]'])
    expect(policy.invalid).toBe(true)
  })

  it('[MK5] does not compile where nobody reads what it would mask', () => {
    const spec: Spec = { ...masking(redact), rules: [allowAll] }
    const response: Spec = { dataClasses: [cards], masking: { response: [redact] } }
    const opaque = environmentsOf('HTTP', true)
    const texts = [spec, response].map((one) =>
      compilePolicy(makeCompiler(), makePolicy(one), opaque).problems.map(toProblemText),
    )
    expect(texts).toEqual([
      ['spec.masking.request: requests to a connection it selects are not read, so nothing in them can be masked'],
      ['spec.masking.response: answers of a connection it selects are not read, so nothing in them can be masked'],
    ])
  })

  it('is not there where a policy has none: the same nothing for all', () => {
    expect(compile({}).policy.masks).toBe(noMasks)
  })
})

const findingsIn = (when: string, spec: Spec = { dataClasses: [cards] }): readonly string[] =>
  compile({ ...spec, rules: [denyWhen(when)] }).problems.map(toProblemText)

describe('findings', () => {
  it.for([
    'findings["PCI"].count > 0',
    'findings.PCI.paths.exists(path, path.startsWith("/messages"))',
    '"PCI" in findings',
    'findings.exists(name, findings[name].count > 3)',
    'findings[request.model].count > 0',
  ])('[MK2] may be asked for: %s', (when) => {
    expect(findingsIn(when)).toEqual([])
    expect([...compile({ dataClasses: [cards], rules: [denyWhen(when)] }).policy.reads]).toContain('findings')
  })

  it.for([
    ['findings["PHI"].count > 0', 10],
    ['findings.PHI.count > 0', 10],
    ['has(findings.PHI)', 14],
    ['"PHI" in findings', 1],
    ['findings[?"PHI"].hasValue()', 11],
  ] as const)('[MK3] of a class that the policy does not have are a mistake: %s', ([when, column]) => {
    expect(findingsIn(when)).toEqual([
      `spec.rules[0].when 1:${column}: no class "PHI" in dataClasses of this policy; it has PCI`,
    ])
  })

  it('[MK2] have a count and paths, and nothing else', () => {
    expect(findingsIn('findings.PCI.total > 0')).toEqual([expect.stringContaining('unknown field "total"')])
  })

  it('[MK2] are for rules, variables, scores and limits of both phases', () => {
    const policy: CompiledPolicy = compile({
      dataClasses: [cards],
      variables: [{ name: 'found', expression: 'findings.PCI.count' }],
      risk: { scores: [{ name: 's', when: 'variables.found > 0', weight: 1 }], denyAbove: 1 },
      limits: [{ name: 'l', key: 'string(findings.PCI.count)', requests: 1, window: '1m' }],
      rules: [
        { name: 'r', phase: 'Response', action: 'Deny', when: 'findings.PCI.count > 0 && response.status == 200' },
      ],
    }).policy
    expect(policy.invalid).toBe(false)
  })

  it('[MK2] are not declared where a policy has no classes, nor where nobody reads the content', () => {
    expect(findingsIn('findings.PCI.count > 0', {})).toEqual([expect.stringContaining('findings')])
    const policy = makePolicy({ dataClasses: [cards], rules: [denyWhen('findings.PCI.count > 0')] })
    const { problems } = compilePolicy(makeCompiler(), policy, environmentsOf('HTTP', true))
    expect(problems.map(toProblemText)).toEqual([expect.stringContaining('findings')])
  })
})
