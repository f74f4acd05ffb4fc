import { expect, test } from 'vitest'
import { toFiles } from './mount.ts'

const items = [
  { metadata: { name: 'index' }, data: { 'index.json': '{}' } },
  { metadata: { name: 'slot-0-a' }, binaryData: { data: Buffer.from([0, 255, 128]).toString('base64') } },
  { metadata: { name: 'unrelated' }, data: { x: 'y' } },
]

test('text and bytes of the named ConfigMaps become files, an absent one none', () => {
  const configMaps = [
    { name: 'index' },
    { name: 'slot-0-a', path: 'slots/0-a' },
    { name: 'slot-0-b', path: 'slots/0-b' },
  ]
  const files = toFiles(items, { configMaps })
  expect([...files.keys()]).toEqual(['index.json', 'slots/0-a/data'])
  expect(files.get('index.json')).toEqual(Buffer.from('{}'))
  expect(files.get('slots/0-a/data')).toEqual(Buffer.from([0, 255, 128]))
})
