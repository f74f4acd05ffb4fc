import { describe, expect, it } from 'vitest'
import { assertPlainPath } from './path.ts'

describe('assertPlainPath', () => {
  it.each([
    ['/', ''],
    ['/v1/chat/completions', ''],
    ['/v1/models/a%20b:predict', '?alt=sse&x=%2F'],
    ['/a.b/..c/d..', '?q=../..'],
    ['/...', ''],
    ['', ''],
  ])('%s%s passes', (path, query) => {
    expect(() => assertPlainPath(path, query)).not.toThrow()
  })

  it.each([
    ['v1', ''],
    ['//host/v1', ''],
    ['/a//b', ''],
    ['/.', ''],
    ['/..', ''],
    ['/a/../b', ''],
    ['/a/..;/b', ''],
    ['/a/%2e%2E/b', ''],
    ['/a%2fb', ''],
    ['/a%5Cb', ''],
    ['/a\\b', ''],
    ['/a%252e', ''],
    ['/a%00', ''],
    ['/a b', ''],
    ['/a\r\nhost: b', ''],
    ['/ä', ''],
    ['/a?b', ''],
    ['/a#b', ''],
    ['/a', '?b c'],
    ['/a', '?b#c'],
    ['/a', '?\n'],
  ])('%j with %j is refused without being echoed', (path, query) => {
    expect(() => assertPlainPath(path, query)).toThrow(
      expect.objectContaining({ code: 'bad_request', message: 'The path is not one that every server reads alike.' }),
    )
  })
})
