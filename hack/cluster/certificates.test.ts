import { X509Certificate } from 'node:crypto'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { issueCertificate, makeAuthority, renderExtensions, subjectArgument } from './certificates.ts'

describe('the subject of a certificate', () => {
  test.each([
    ['a user', { commonName: 'alice@corp' }, '/CN=alice@corp'],
    ['a user with groups', { commonName: 'alice', organizations: ['a', 'b:c'] }, '/O=a/O=b:c/CN=alice'],
    ['signs that separate fields', { commonName: String.raw`a/b+c\d` }, String.raw`/CN=a\/b\+c\\d`],
  ])('%s', (_title, subject, argument) => {
    expect(subjectArgument(subject)).toBe(argument)
  })
})

test('addresses and names of a server are told apart', () => {
  expect(renderExtensions({ usage: 'server', hosts: ['localhost', '127.0.0.1', '::1', '10.example'] })).toContain(
    'subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1, DNS:10.example',
  )
})

test('an issued certificate names user and groups, and its authority vouches for it', async () => {
  await using folder = await mkdtempDisposable(path.join(os.tmpdir(), 'portcullis-certificates-'))
  const authority = await makeAuthority(folder.path, 'authority')
  const files = await issueCertificate(authority, {
    folder: folder.path,
    name: 'user',
    subject: { commonName: 'zoë/ops', organizations: ['team a', 'x+y'] },
    usage: 'client',
  })
  const [issuer, issued] = await Promise.all([read(authority.certificate), read(files.certificate)])
  expect(issued.subject).toBe(String.raw`O=team a` + '\n' + String.raw`O=x\+y` + '\nCN=zoë/ops')
  expect(issued.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(issued.ca).toBe(false)
  expect(issuer.ca).toBe(true)
  expect(issued.verify(issuer.publicKey)).toBe(true)
  expect(issued.checkIssued(issuer)).toBe(true)
})

async function read(file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(file))
}
