// The addresses that no connection may reach.
import { expect, it } from 'vitest'
import { noApiServer, toNetwork } from './network.ts'

it('are the API server’s inside and outside, and the ranges of the settings, sorted and once', () => {
  const metadata = { name: 'kubernetes', namespace: 'default', uid: 'u', resourceVersion: '1' }
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIPs: ['10.96.0.1', 'fd00::1'] } }
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.168.1.2'] }, { addresses: ['192.168.1.1', '2001:db8::1'] }],
    ports: [{ port: 6443 }],
  }
  const settings = { issuers: [], grants: [], network: { clusterRanges: ['10.96.0.0/12', '10.244.0.0/16'] } }
  expect(toNetwork({ service, slices: [slice, slice] }, settings)).toEqual({
    apiServer: ['10.96.0.1', '192.168.1.1:6443', '192.168.1.2:6443', '[2001:db8::1]:6443', 'fd00::1'],
    clusterRanges: ['10.244.0.0/16', '10.96.0.0/12'],
  })
})

it('are none where there is no API server', () => {
  expect(toNetwork(noApiServer, { issuers: [], grants: [] })).toEqual({ apiServer: [], clusterRanges: [] })
})
