// Start-up settings: defaults, every mistake at once, and no value ever repeated.
import { describe, expect, it } from 'vitest'
import { parseConfig } from './config.ts'

const env = { PORTCULLIS_POD_NAME: 'portcullis-operator-7c9d-x2v' }

describe('parseConfig', () => {
  it('needs nothing but the name of its pod', () => {
    expect(parseConfig(env)).toEqual({
      config: {
        namespace: 'portcullis',
        podName: 'portcullis-operator-7c9d-x2v',
        serviceAccount: 'operator',
        gatewayService: 'portcullis-gateway',
        clusterDomain: 'cluster.local',
        kubeconfig: undefined,
        allowLoopback: false,
        adminHost: '0.0.0.0',
        adminPort: 9090,
        drainMs: 20_000,
        leaseMs: 15_000,
        referenceMs: 15_000,
        logLevel: 'info',
      },
    })
  })

  it('lists every mistake, and no value', () => {
    const parsed = parseConfig({
      PORTCULLIS_NAMESPACE: 'hunter2!',
      PORTCULLIS_ADMIN_PORT: '70000',
      PORTCULLIS_ALLOW_LOOPBACK: 'true',
      PORTCULLIS_LEASE_SECONDS: '1e1',
    })
    expect(parsed).toEqual({
      mistakes: [
        'PORTCULLIS_LEASE_SECONDS: must be a whole number from 3 to 60',
        'PORTCULLIS_NAMESPACE: must be a name as Kubernetes has them, such as portcullis',
        'PORTCULLIS_POD_NAME: missing; set it to the name of this pod (fieldRef metadata.name)',
        'PORTCULLIS_ALLOW_LOOPBACK: must be one of no, yes',
        'PORTCULLIS_ADMIN_PORT: must be a whole number from 0 to 65535',
      ],
    })
  })

  it('takes an empty variable for an absent one', () => {
    expect(parseConfig({ ...env, PORTCULLIS_NAMESPACE: '' })).toMatchObject({ config: { namespace: 'portcullis' } })
  })
})
