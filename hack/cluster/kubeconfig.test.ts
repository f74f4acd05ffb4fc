import { KubeConfig } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { renderKubeconfig } from './kubeconfig.ts'

const content = { server: 'https://127.0.0.1:20001', authorityPem: 'authority', user: 'alice: {yes}' }

test('a client library reads back server, authority, user and certificate', () => {
  const config = read({ ...content, credential: { kind: 'certificate', certificatePem: 'crt', keyPem: 'key' } })
  expect(config.getCurrentCluster()).toMatchObject({ server: content.server, caData: base64('authority') })
  expect(config.getCurrentUser()).toMatchObject({
    name: 'alice: {yes}',
    certData: base64('crt'),
    keyData: base64('key'),
  })
})

test('a token is the other form of being somebody', () => {
  const config = read({ ...content, credential: { kind: 'token', token: 'secret' } })
  expect(config.getCurrentUser()).toMatchObject({ name: 'alice: {yes}', token: 'secret' })
})

function read(from: Parameters<typeof renderKubeconfig>[0]): KubeConfig {
  const config = new KubeConfig()
  config.loadFromString(renderKubeconfig(from))
  return config
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
