// Folders that can be served and folders that cannot.
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { assertFolder, assertReadable } from './folder.ts'

describe('assertFolder', () => {
  it('takes a folder', async () => {
    await expect(assertFolder(import.meta.dirname)).resolves.toBeUndefined()
  })

  it.each([
    ['nothing', path.join(import.meta.dirname, 'nowhere'), 'there is no folder'],
    ['a file', import.meta.filename, 'this is a file, not a folder'],
  ])('says that %s stands there', async (_, folder, message) => {
    await expect(assertFolder(folder)).rejects.toMatchObject({
      code: 'folder_missing',
      message: expect.stringContaining(message),
      advice: [expect.stringContaining('--folder')],
    })
  })
})

describe('assertReadable', () => {
  const broken = {
    file: 'a.yaml',
    reason: 'BrokenYaml',
    message: 'this is not valid YAML (bad indent)',
    line: 3,
    column: 5,
  } as const
  const passedOver = {
    file: 'roles.yaml',
    reason: 'UnknownKind',
    message: 'not served here',
    line: 1,
    column: 1,
  } as const
  const unreadable = { file: 'b.yaml', reason: 'Unreadable', message: 'this could not be read (EACCES)' } as const

  it('passes over kinds that only a cluster needs', () => {
    expect(() => assertReadable('policies', [passedOver])).not.toThrow()
  })

  it('lists every other mistake with its place', () => {
    expect(() => assertReadable('policies', [broken, passedOver, unreadable])).toThrow(
      expect.objectContaining({
        code: 'folder_invalid',
        advice: [
          'policies/a.yaml:3:5: this is not valid YAML (bad indent)',
          'policies/b.yaml: this could not be read (EACCES)',
        ],
      }),
    )
  })
})
