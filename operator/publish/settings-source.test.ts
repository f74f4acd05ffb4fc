// Platform settings as they stand in a ConfigMap, valid or not.
import { describe, expect, it } from 'vitest'
import type { ConfigMap } from '../../kube/resource.ts'
import { emptySettings } from '../../policy/settings.ts'
import { readSettings } from './settings-source.ts'

function makeConfigMap(data: ConfigMap['data']): ConfigMap {
  const metadata = { namespace: 'portcullis', name: 'portcullis-settings', uid: 'u', resourceVersion: '1' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...(data === undefined ? {} : { data }) }
}

describe('readSettings', () => {
  it('without a ConfigMap nobody is known', () => {
    expect(readSettings(undefined)).toEqual({ settings: emptySettings })
  })

  it('reads YAML with comments', () => {
    const read = readSettings(
      makeConfigMap({ 'settings.yaml': '# grants\ngrants:\n  - {namespace: team-a, prefixes: [/v1/]}\n' }),
    )
    expect(read).toMatchObject({ settings: { grants: [{ namespace: 'team-a', prefixes: ['/v1/'] }] } })
  })

  it.each([
    ['no key', undefined, 'settings.yaml', /has no key settings\.yaml/u],
    ['broken YAML', 'grants: [', 'settings.yaml', /this is no YAML/u],
    ['a key that stands twice', 'grants: []\ngrants: []', 'settings.yaml', /this is no YAML \(DUPLICATE_KEY\)/u],
    ['a list', '- a', '', /object/u],
    ['too much', `# ${'x'.repeat(600_000)}`, 'settings.yaml', /longer than/u],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(10)}]\nc: &c [${'*b,'.repeat(10)}]\ngrants: [${'*c,'.repeat(10)}]`,
      '',
      /object/u,
    ],
    ['an unknown field', 'grant: []', '', /unknown field/u],
  ])('refuses %s, with its place', (_, text, path, message) => {
    const read = readSettings(makeConfigMap(text === undefined ? undefined : { 'settings.yaml': text }))
    expect(read).toMatchObject({ problems: [{ path, message: expect.stringMatching(message) }] })
  })

  it('never repeats what stands there', () => {
    expect(JSON.stringify(readSettings(makeConfigMap({ 'settings.yaml': 'issuers: [hunter2' })))).not.toContain(
      'hunter2',
    )
  })
})
