import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readEndpoint } from './existing.ts'

const encoded = Buffer.from('authority').toString('base64')

test.each([
  ['in the file itself', { 'certificate-authority-data': encoded }],
  ['in a file beside it', { 'certificate-authority': 'ca.crt' }],
])('the authority of an existing cluster is found %s', async (_title, cluster) => {
  await using folder = await makeFolder(cluster)
  await expect(readEndpoint(folder.kubeconfig)).resolves.toEqual({
    server: 'https://c.test',
    authorityPem: 'authority',
  })
})

test.each([
  ['verifies nothing', { 'insecure-skip-tls-verify': true }, 'do not talk to it unverified'],
  ['names no cluster', undefined, 'no current context with a cluster'],
])('a kubeconfig that %s is refused', async (_title, cluster, message) => {
  await using folder = await makeFolder(cluster)
  await expect(readEndpoint(folder.kubeconfig)).rejects.toThrow(message)
})

async function makeFolder(cluster: object | undefined): Promise<AsyncDisposable & { kubeconfig: string }> {
  const folder = await mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-existing-'))
  const kubeconfig = path.join(folder.path, 'config')
  await writeFile(path.join(folder.path, 'ca.crt'), 'authority')
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: cluster === undefined ? [] : [{ name: 'c', cluster: { server: 'https://c.test', ...cluster } }],
    users: [{ name: 'u', user: {} }],
  }
  await writeFile(kubeconfig, stringify(content))
  return { kubeconfig, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}
