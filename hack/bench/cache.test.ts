import { expect, it } from 'vitest'

import { cacheFolderOf, nameByContent } from './cache.ts'

it.each([
  ['as XDG_CACHE_HOME says', '/var/cache', '/var/cache/portcullis'],
  ['below home without it', undefined, '/home/u/.cache/portcullis'],
  ['below home when it is not absolute, as its specification demands', 'cache', '/home/u/.cache/portcullis'],
])('the cache is %s', (_, xdg, folder) => {
  expect(cacheFolderOf(xdg, '/home/u')).toBe(folder)
})

it('a name changes with every text and with where one ends', () => {
  const names = [nameByContent('x', ['ab', 'c']), nameByContent('x', ['a', 'bc']), nameByContent('x', ['abc'])]
  expect(new Set(names).size).toBe(3)
  expect(names[0]).toMatch(/^x-[0-9a-f]{16}$/)
})
