import { expect, test } from 'vitest'
import { toEndpointSlices } from './endpoints.ts'

const pod = { namespace: 'portcullis', name: 'gateway-1', uid: 'u-1' }
const service = { namespace: 'portcullis', service: 'portcullis-gateway' }

test('every process is a slice of its own, with its port and its Pod', () => {
  const slices = toEndpointSlices({
    ...service,
    endpoints: [
      { port: 20_001, pod },
      { port: 20_002, ready: false },
    ],
  })
  expect(slices).toMatchObject([
    {
      metadata: { name: 'portcullis-gateway-20001', labels: { 'kubernetes.io/service-name': 'portcullis-gateway' } },
      ports: [{ name: 'http', port: 20_001 }],
      endpoints: [{ conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'gateway-1', uid: 'u-1' } }],
    },
    { ports: [{ port: 20_002 }], endpoints: [{ conditions: { ready: false, serving: false } }] },
  ])
})

test('an endpoint never has a loopback address, which Kubernetes refuses', () => {
  const [slice] = toEndpointSlices({ ...service, endpoints: [{ port: 20_001 }] })
  expect(slice?.endpoints?.[0]?.addresses[0]).not.toMatch(/^127\./)
})
