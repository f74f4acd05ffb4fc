import { expect, it } from 'vitest'
import { parseConfig } from './config.ts'

const pod = { PORTCULLIS_POD_NAME: 'gateway-0', PORTCULLIS_POD_UID: 'uid', PORTCULLIS_RECORDS: '/var/records.jsonl' }

it('reads a pod’s settings, safe where nothing is said', () => {
  expect(parseConfig(pod)).toMatchObject({
    config: {
      port: 8080,
      adminPort: 9090,
      allowLoopback: false,
      recordsFile: '/var/records.jsonl',
      kubernetes: { namespace: 'portcullis', podName: 'gateway-0', podUid: 'uid', kubeconfig: undefined },
    },
  })
})

it('lists every mistake at once, without repeating values', () => {
  const parsed = parseConfig({
    PORTCULLIS_PORT: 'canary',
    PORTCULLIS_ALLOW_LOOPBACK: 'canary',
    PORTCULLIS_DRAIN_SECONDS: '-1',
  })
  expect(parsed).toEqual({
    mistakes: [
      'PORTCULLIS_PORT: must be a whole number from 0 to 65535',
      'PORTCULLIS_RECORDS: missing; set it to a file for session records, or off',
      'PORTCULLIS_POD_NAME: missing; set it to the name of this pod (fieldRef metadata.name)',
      'PORTCULLIS_POD_UID: missing; set it to the uid of this pod (fieldRef metadata.uid)',
      'PORTCULLIS_ALLOW_LOOPBACK: must be one of no, yes',
      'PORTCULLIS_DRAIN_SECONDS: must be a whole number from 0 to 3600',
    ],
  })
})

it('wants a source of bundles', () => {
  expect(parseConfig({ PORTCULLIS_KUBERNETES: 'off', PORTCULLIS_RECORDS: 'off' })).toEqual({
    mistakes: [expect.stringContaining('PORTCULLIS_BUNDLE_FOLDER')],
  })
})

it('takes the folders that are mounted, and goes without those that are not', () => {
  expect(parseConfig(pod)).toMatchObject({ config: { credentialsFolder: undefined, tenantKeysFolder: undefined } })
  const folders = { PORTCULLIS_CREDENTIALS_FOLDER: '/credentials', PORTCULLIS_TENANT_KEYS_FOLDER: '/tenant-keys' }
  expect(parseConfig({ ...pod, ...folders })).toMatchObject({
    config: { credentialsFolder: '/credentials', tenantKeysFolder: '/tenant-keys' },
  })
})

it('takes the shared store of limits from files alone', () => {
  expect(parseConfig(pod)).toMatchObject({ config: { limitsRedis: undefined } })
  const urlFile = { PORTCULLIS_LIMITS_REDIS_URL_FILE: '/limits/url' }
  const caFile = { PORTCULLIS_LIMITS_REDIS_CA_FILE: '/limits/ca.crt' }
  expect(parseConfig({ ...pod, ...urlFile, ...caFile })).toMatchObject({
    config: { limitsRedis: { urlFile: '/limits/url', caFile: '/limits/ca.crt' } },
  })
  expect(parseConfig({ ...pod, ...caFile })).toEqual({
    mistakes: [expect.stringContaining('PORTCULLIS_LIMITS_REDIS_URL_FILE')],
  })
})
