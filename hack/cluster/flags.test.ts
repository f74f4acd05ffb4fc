import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { apiserverArgs, auditPolicy, controllerManagerArgs, etcdArgs } from './flags.ts'

const files = {
  folder: '/state/of/this/cluster',
  authority: { certificate: '/state/of/this/cluster/ca.crt', key: '/state/of/this/cluster/ca.key' },
  serving: { certificate: 'serving.crt', key: 'serving.key' },
  serviceAccountKey: 'sa.key',
  serviceAccountPublicKey: 'sa.pub',
  auditPolicy: 'audit.yaml',
  managerKubeconfig: 'manager.kubeconfig',
}
const ports = { apiserver: 20_001, etcd: 20_002, etcdPeer: 20_003 }
const parts = [
  ['etcd', etcdArgs(files, ports)],
  ['apiserver', apiserverArgs(files, ports)],
  ['controller-manager', controllerManagerArgs(files)],
] as const

describe.each(parts)('%s', (_name, args) => {
  test('shows the folder of its cluster, so that a leftover is recognised', () => {
    expect(args.join(' ')).toContain(files.folder)
  })

  test('listens nowhere but on the loopback interface', () => {
    const addresses = args.filter((arg) => /^--(listen-.*|bind-address)=/.test(arg))
    expect(addresses.filter((arg) => !arg.includes('127.0.0.1'))).toEqual([])
  })
})

test('tokens of ServiceAccounts name an issuer that can be asked for its keys', () => {
  expect(apiserverArgs(files, ports)).toEqual(
    expect.arrayContaining([
      '--service-account-issuer=https://127.0.0.1:20001',
      '--service-account-jwks-uri=https://127.0.0.1:20001/openid/v1/jwks',
    ]),
  )
})

test('the audit policy never records a body', () => {
  const levels: string[] = parse(auditPolicy).rules.map((rule: { level: string }) => rule.level)
  expect(new Set(levels)).toEqual(new Set(['Metadata', 'None']))
})
