// The copy of the samples that the tour edits, and the objects it looks for.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addRule, copyFolder, readSecret } from './samples.ts'

const policy = { namespace: 'team', name: 'policy' }
const text = `# Why this policy exists.
apiVersion: portcullis.dev/v1alpha1
kind: InferencePolicy
metadata: { namespace: team, name: policy }
spec:
  mode: Enforce # always
  rules:
    - { name: first, phase: Request, action: Allow }
---
apiVersion: v1
kind: Secret
metadata: { namespace: team, name: key }
stringData: { plain: open }
data: { encoded: c2VzYW1l }
`

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-test-'))
  await writeFile(path.join(folder, 'a.yaml'), text)
  await writeFile(path.join(folder, 'notes.txt'), 'kind: InferencePolicy')
})

afterEach(async () => rm(folder, { recursive: true, force: true }))

describe('copyFolder', () => {
  it('gives a copy to edit and removes it afterwards', async () => {
    let copied = ''
    {
      await using copy = await copyFolder(folder)
      copied = copy.folder
      expect(await readdir(copied)).toEqual(['a.yaml', 'notes.txt'])
      await addRule(copied, policy, { name: 'second' })
    }
    expect(existsSync(copied)).toBe(false)
    expect(await readFile(path.join(folder, 'a.yaml'), 'utf8')).toBe(text)
  })
})

describe('addRule', () => {
  it('adds a rule and keeps comments and the other documents', async () => {
    expect(await addRule(folder, policy, { name: 'second', phase: 'Request', action: 'Deny' })).toBe('a.yaml')
    const edited = await readFile(path.join(folder, 'a.yaml'), 'utf8')
    expect(edited).toContain('# Why this policy exists.')
    expect(edited).toContain('mode: Enforce # always')
    const [first, second] = parseAllDocuments(edited).map((document) => document.toJS() as Record<string, unknown>)
    expect(first).toMatchObject({ spec: { rules: [{ name: 'first' }, { name: 'second', action: 'Deny' }] } })
    expect(second).toMatchObject({ kind: 'Secret', stringData: { plain: 'open' } })
    expect(await readdir(folder)).toEqual(['a.yaml', 'notes.txt'])
  })

  it('says which object is missing', async () => {
    await expect(addRule(folder, { namespace: 'team', name: 'other' }, {})).rejects.toThrow(
      'the samples have no InferencePolicy team/other',
    )
  })
})

describe('readSecret', () => {
  const secret = { namespace: 'team', name: 'key' }

  it.each([
    ['plain', 'open'],
    ['encoded', 'sesame'],
  ])('reads %s', async (key, value) => {
    expect(await readSecret(folder, secret, key)).toBe(value)
  })

  it('names the key that is missing', async () => {
    await expect(readSecret(folder, secret, 'apiKey')).rejects.toThrow('Secret team/key has no key apiKey')
  })
})
