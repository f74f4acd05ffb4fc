import { describe, expect, test } from 'vitest'
import { cacheFolder, parseSource } from './source.ts'

describe('where the Kubernetes of a test run comes from', () => {
  test.each([
    ['nothing set: the built binary', {}, { kind: 'built' }],
    ['built asked for by name', { PORTCULLIS_TEST_CLUSTER: 'built' }, { kind: 'built' }],
    ['kind asked for by name', { PORTCULLIS_TEST_CLUSTER: 'kind' }, { kind: 'kind' }],
    ['assets of kubebuilder', { KUBEBUILDER_ASSETS: '/assets' }, { kind: 'assets', folder: '/assets' }],
    [
      'assets come before kind',
      { KUBEBUILDER_ASSETS: '/assets', PORTCULLIS_TEST_CLUSTER: 'kind' },
      { kind: 'assets', folder: '/assets' },
    ],
    [
      'an allowed kubeconfig comes first',
      { PORTCULLIS_TEST_KUBECONFIG: '/k', PORTCULLIS_TEST_KUBECONFIG_ALLOWED: 'yes', KUBEBUILDER_ASSETS: '/assets' },
      { kind: 'kubeconfig', kubeconfig: '/k' },
    ],
    ["a person's own KUBECONFIG is never taken", { KUBECONFIG: '/home/me/.kube/config' }, { kind: 'built' }],
  ])('%s', (_title, env, source) => {
    expect(parseSource(env)).toEqual(source)
  })

  test.each([
    [
      'a kubeconfig that nobody allowed',
      { PORTCULLIS_TEST_KUBECONFIG: '/k' },
      'PORTCULLIS_TEST_KUBECONFIG_ALLOWED=yes',
    ],
    [
      'a half-hearted permission',
      { PORTCULLIS_TEST_KUBECONFIG: '/k', PORTCULLIS_TEST_KUBECONFIG_ALLOWED: 'true' },
      'PORTCULLIS_TEST_KUBECONFIG_ALLOWED=yes',
    ],
    ['an unknown kind of cluster', { PORTCULLIS_TEST_CLUSTER: 'k3s' }, 'kind, and built'],
  ])('refuses %s and says what to do', (_title, env, message) => {
    expect(() => parseSource(env)).toThrow(message)
  })
})

describe('where the built binary is kept', () => {
  test.each([
    ['the XDG folder', { XDG_CACHE_HOME: '/x', HOME: '/home/me' }, '/x/portcullis'],
    ['the usual folder without one', { HOME: '/home/me' }, '/home/me/.cache/portcullis'],
    ['an empty XDG_CACHE_HOME counts as none', { XDG_CACHE_HOME: '', HOME: '/home/me' }, '/home/me/.cache/portcullis'],
  ])('%s', (_title, env, folder) => {
    expect(cacheFolder(env)).toBe(folder)
  })

  test('no home at all is said plainly', () => {
    expect(() => cacheFolder({})).toThrow('HOME')
  })
})
