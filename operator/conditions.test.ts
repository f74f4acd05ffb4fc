// Findings to conditions, and which turns become Events.
import { describe, expect, it } from 'vitest'
import { toConditions } from './conditions.ts'
import { toStories } from './stories.ts'
import type { Finding } from './verdict.ts'

const yes: Finding = { status: 'True', reason: 'Fine', message: 'Fine.' }
const no: Finding = { status: 'False', reason: 'Broken', message: 'Broken.\nSecond line.' }
const wait: Finding = { status: 'Unknown', reason: 'Pending', message: 'Soon.' }

const conditions = (accepted: Finding, resolvedRefs: Finding, programmed: Finding): readonly string[] =>
  toConditions({ accepted, resolvedRefs, problems: [] }, { programmed, laggards: [] }, 7).map(
    ({ type, status, reason }) => `${type}=${status} ${reason}`,
  )

describe('toConditions', () => {
  it.each<[string, [Finding, Finding, Finding], readonly string[]]>([
    ['all is well', [yes, yes, yes], ['Ready=True Ready']],
    ['on its way', [yes, yes, wait], ['Ready=Unknown Pending', 'Reconciling=True Pending']],
    ['not valid', [no, yes, wait], ['Ready=False Broken', 'Stalled=True Broken']],
    ['a reference is missing', [yes, no, no], ['Ready=False Broken', 'Stalled=True Broken']],
    ['waiting, but something stands in the way', [yes, wait, no], ['Ready=Unknown Pending', 'Stalled=True Broken']],
  ])('%s', (_, findings, rest) => {
    expect(conditions(...findings).slice(3)).toEqual(rest)
  })

  it('carry the generation, and one line in the sum', () => {
    const all = toConditions({ accepted: no, resolvedRefs: yes, problems: [] }, { programmed: wait, laggards: [] }, 7)
    expect(all.every(({ observedGeneration }) => observedGeneration === 7)).toBe(true)
    expect(all.find(({ type }) => type === 'Accepted')?.message).toBe('Broken.\nSecond line.')
    expect(all.find(({ type }) => type === 'Ready')?.message).toBe('Broken.')
  })

  it('are cut to what the CRD holds', () => {
    const long = { ...no, message: 'x'.repeat(9_999) }
    const [accepted] = toConditions(
      { accepted: long, resolvedRefs: yes, problems: [] },
      { programmed: yes, laggards: [] },
      1,
    )
    expect(accepted?.message).toHaveLength(4_096)
  })
})

describe('toStories', () => {
  const regarding = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'u', resourceVersion: '1' } }
  const tell = (type: string, before: Finding | undefined, after: Finding): readonly string[] =>
    toStories(regarding, before && [{ type, ...before }], [{ type, ...after }]).map(
      ({ type: kind, reason, action, note }) => `${kind} ${reason} ${action}: ${note}`,
    )

  it.each<[string, string, Finding | undefined, Finding, readonly string[]]>([
    ['a mistake', 'Accepted', undefined, no, ['Warning Broken Validate: Broken.']],
    ['a mistake that was repaired', 'Accepted', no, yes, ['Normal Fine Validate: Fine.']],
    ['another mistake', 'Accepted', { ...no, reason: 'Other' }, no, ['Warning Broken Validate: Broken.']],
    ['programmed', 'Programmed', wait, yes, ['Normal Fine Program: Fine.']],
    ['the same mistake', 'Accepted', no, { ...no, message: 'Still.' }, []],
    ['a spec that was fine from the beginning', 'Accepted', undefined, yes, []],
    ['waiting', 'Programmed', yes, wait, []],
    ['the sum of others', 'Ready', yes, no, []],
  ])('%s', (...[, type, before, after, stories]) => {
    expect(tell(type, before, after)).toEqual(stories)
  })
})
