import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AddressClass } from './address.ts'
import { classifyAddress } from './address.ts'
import { checkAddress, checkEndpointHost } from './address-check.ts'
import type { Network } from './address.ts'

const open: Network = { apiServer: [], clusterRanges: [] }
const network: Network = {
  apiServer: ['10.96.0.1', '192.168.7.7:6443', '[fd00:9::1]:6443', '203.0.114.0/30', 'api.cluster.example'],
  clusterRanges: ['10.96.0.0/12', '10.244.0.0/16', 'fd00:10::/56', '240.0.0.0/8', '2a00:1:2::/48'],
}
const external = { place: 'External', allowLoopback: false, network } as const
const inCluster = { place: 'InCluster', allowLoopback: false, network } as const

describe('classifyAddress', () => {
  it.each<[string, AddressClass]>([
    ['8.8.8.8', 'Public'],
    ['2606:4700::1111', 'Public'],
    ['10.1.2.3', 'Private'],
    ['172.15.255.255', 'Public'],
    ['172.16.0.1', 'Private'],
    ['172.31.255.255', 'Private'],
    ['172.32.0.0', 'Public'],
    ['100.64.0.1', 'Private'],
    ['100.128.0.1', 'Public'],
    ['fc00::1', 'Private'],
    ['fec0::1', 'Private'],
    ['127.0.0.1', 'Loopback'],
    ['127.255.255.255', 'Loopback'],
    ['::1', 'Loopback'],
    ['0.0.0.0', 'Unspecified'],
    ['0.1.2.3', 'Unspecified'],
    ['::', 'Unspecified'],
    ['169.254.0.1', 'LinkLocal'],
    ['fe80::1', 'LinkLocal'],
    ['febf::1', 'LinkLocal'],
    ['224.0.0.1', 'Multicast'],
    ['ff02::1', 'Multicast'],
    ['255.255.255.255', 'Reserved'],
    ['198.18.0.1', 'Reserved'],
    ['192.0.2.1', 'Reserved'],
    ['2001:db8::1', 'Reserved'],
    ['169.254.169.254', 'Metadata'],
    ['169.254.170.2', 'Metadata'],
    ['100.100.100.200', 'Metadata'],
    ['168.63.129.16', 'Metadata'],
    ['192.0.0.192', 'Metadata'],
    ['fd00:ec2::254', 'Metadata'],
    ['FD00:0EC2:0:0:0:0:0:254', 'Metadata'],
    ['fd20:ce::254', 'Metadata'],
  ])('%s is %s', (address, kind) => {
    expect(classifyAddress(address, open)).toBe(kind)
  })

  it.each<[string, string, AddressClass]>([
    ['IPv4-mapped', '::ffff:169.254.169.254', 'Metadata'],
    ['IPv4-mapped in hexadecimal', '::ffff:a9fe:a9fe', 'Metadata'],
    ['IPv4-mapped, written out', '0:0:0:0:0:ffff:7f00:1', 'Loopback'],
    ['IPv4-compatible', '::127.0.0.1', 'Loopback'],
    ['translated (SIIT)', '::ffff:0:169.254.169.254', 'Metadata'],
    ['6to4', '2002:a9fe:a9fe::1', 'Metadata'],
    ['6to4 of a public address', '2002:808:808::1', 'Public'],
    ['NAT64', '64:ff9b::a9fe:a9fe', 'Metadata'],
    ['NAT64 of a private address', '64:ff9b::10.0.0.9', 'Private'],
    ['local NAT64, last 32 bits', '64:ff9b:1::a9fe:a9fe', 'Metadata'],
    ['local NAT64, RFC 6052 /48', '64:ff9b:1:a9fe:a9:fe00::', 'Metadata'],
    ['Teredo client', '2001:0:1:2:3:4:5601:5601', 'Metadata'],
    ['Teredo server', '2001:0:7f00:1::1', 'Loopback'],
    ['ISATAP', '2400::5efe:127.0.0.1', 'Loopback'],
  ])('an address inside an address counts: %s %s is %s', (_how, address, kind) => {
    expect(classifyAddress(address, open)).toBe(kind)
  })

  it.each([
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '::12345',
    'fe80::1%eth0',
    '::ffff:1.2.3',
    '::1.2.3.4:5',
    'localhost',
  ])('%j is no address', (text) => {
    expect(classifyAddress(text, open)).toBe('Invalid')
  })

  it.each<[string, number | undefined, AddressClass]>([
    ['10.96.0.1', undefined, 'ApiServer'],
    ['10.96.0.1', 8080, 'ApiServer'],
    ['::ffff:10.96.0.1', 443, 'ApiServer'],
    ['192.168.7.7', 6443, 'ApiServer'],
    ['192.168.7.7', undefined, 'ApiServer'],
    ['192.168.7.7', 8000, 'Private'],
    ['fd00:9::1', 6443, 'ApiServer'],
    ['203.0.114.3', 443, 'ApiServer'],
    ['203.0.114.4', 443, 'Public'],
    ['10.96.0.2', 443, 'Cluster'],
    ['10.244.3.4', 8000, 'Cluster'],
    ['::ffff:10.244.3.4', 8000, 'Cluster'],
    ['fd00:10::5', 8000, 'Cluster'],
    ['240.1.2.3', 8000, 'Cluster'],
    ['241.1.2.3', 8000, 'Reserved'],
    ['2a00:1:2:3::4', 8000, 'Cluster'],
    ['10.112.0.1', 8000, 'Private'],
  ])('with the cluster known, %s port %s is %s', (address, port, kind) => {
    expect(classifyAddress(address, network, port)).toBe(kind)
  })

  it('a cluster range never makes a dangerous address usable', () => {
    const all: Network = { apiServer: [], clusterRanges: ['0.0.0.0/0', '::/0'] }
    for (const address of [
      '127.0.0.1',
      '169.254.169.254',
      '169.254.1.1',
      '::1',
      'fd00:ec2::254',
      '224.0.0.1',
      '0.0.0.0',
    ]) {
      expect(checkAddress(address, { ...inCluster, network: all })).toBeDefined()
    }
  })

  it('never throws, and judges every IPv4 address alike in its mapped form', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof classifyAddress(text, network) === 'string'))
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(classifyAddress(`::ffff:${address}`, network)).toBe(classifyAddress(address, network))
      }),
    )
  })
})

describe('checkAddress', () => {
  it.each([
    ['External', '8.8.8.8', true],
    ['External', '192.168.1.1', true],
    ['External', '10.96.0.9', false],
    ['External', '10.96.0.1', false],
    ['External', '127.0.0.1', false],
    ['External', '169.254.169.254', false],
    ['InCluster', '10.96.0.9', true],
    ['InCluster', '10.244.0.9', true],
    ['InCluster', '192.168.1.1', true],
    ['InCluster', '10.96.0.1', false],
    ['InCluster', '8.8.8.8', false],
    ['InCluster', '169.254.169.254', false],
    ['InCluster', '::1', false],
  ] as const)('%s %s: allowed is %s', (place, address, allowed) => {
    expect(checkAddress(address, { place, allowLoopback: false, network }) === undefined).toBe(allowed)
  })

  it('loopback is a matter of the start-up setting alone', () => {
    expect(checkAddress('127.0.0.1', { ...external, allowLoopback: true })).toBeUndefined()
    expect(checkAddress('::ffff:127.0.0.1', { ...inCluster, allowLoopback: true })).toBeUndefined()
    expect(checkAddress('169.254.169.254', { ...external, allowLoopback: true })).toContain('metadata')
    const local: Network = { apiServer: ['127.0.0.1:6443'], clusterRanges: [] }
    expect(checkAddress('127.0.0.1', { ...external, allowLoopback: true, network: local, port: 6443 })).toContain('API')
    expect(checkAddress('127.0.0.1', { ...external, allowLoopback: true, network: local, port: 8080 })).toBeUndefined()
  })
})

describe('checkEndpointHost', () => {
  it.each([
    'api.openai.com',
    'API.OpenAI.com.',
    'xn--bcher-kva.example',
    'my_model.example',
    '1.example',
    '8.8.8.8',
    '[2606:4700::1111]',
  ])('%s may be called', (host) => {
    expect(checkEndpointHost(host, external)).toBeUndefined()
  })

  it.each([
    ['169.254.169.254', 'metadata'],
    ['[::ffff:169.254.169.254]', 'metadata'],
    ['metadata.google.internal', 'metadata'],
    ['Metadata.Google.Internal.', 'metadata'],
    ['instance-data', 'metadata'],
    ['kubernetes', 'API server'],
    ['kubernetes.default', 'API server'],
    ['kubernetes.default.svc', 'API server'],
    ['kubernetes.default.svc.cluster.local', 'API server'],
    ['api.cluster.example', 'API server'],
    ['[fd00:9::1]', 'API server'],
    ['localhost', 'loopback'],
    ['model.localhost', 'loopback'],
    ['LOCALHOST.', 'loopback'],
    ['127.0.0.1', 'loopback'],
    ['0.0.0.0', 'no destination'],
    ['0177.0.0.1', 'four decimal numbers'],
    ['0x7f000001', 'four decimal numbers'],
    ['2130706433', 'four decimal numbers'],
    ['127.1', 'four decimal numbers'],
    ['127.0.0.1.', 'four decimal numbers'],
    ['1.2.3.0x4', 'four decimal numbers'],
    ['0x', 'four decimal numbers'],
    ['model.team-b.svc', 'endpoints[].service'],
    ['model.team-b.svc.cluster.local', 'endpoints[].service'],
    ['10.96.3.3', 'endpoints[].service'],
    ['', 'no host name'],
    ['a..b', 'no host name'],
    ['-a.example', 'no host name'],
    ['ex ample', 'no host name'],
    ['１２７.0.0.1', 'no host name'],
    ['user@host', 'no host name'],
    ['a/b', 'no host name'],
    ['[::1', 'IPv6'],
    ['fe80::1%eth0', 'IPv6'],
    ['[fe80::1%25eth0]', 'IPv6'],
  ])('%j is refused, saying %j', (host, why) => {
    expect(checkEndpointHost(host, external)).toContain(why)
  })

  it('a Service of the cluster has a name of the cluster', () => {
    expect(checkEndpointHost('model.team-a.svc.cluster.local', inCluster)).toBeUndefined()
    expect(checkEndpointHost('kubernetes.default.svc.cluster.local', inCluster)).toContain('API server')
  })

  it('never throws', () => {
    const answers = fc.property(fc.string(), (text) => {
      expect(['string', 'undefined']).toContain(typeof checkEndpointHost(text, external))
    })
    fc.assert(answers)
  })
})
