// Kubernetes' URL library: absolute URLs and absolute paths, read as Go's url.ParseRequestURI does, without a resolver.
import type { Library } from '../check/signature.ts'
import { fail } from '../failure.ts'
import type { Value } from '../values/box.ts'
import { Opaque } from '../values/box.ts'
import { CelMap, getEntry, putEntry } from '../values/map.ts'

interface Parts {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

class Url extends Opaque {
  override readonly typeName = 'kubernetes.URL'
  readonly text: string
  readonly parts: Parts
  constructor(text: string, parts: Parts) {
    super()
    this.text = text
    this.parts = parts
  }

  override equals(other: Opaque): boolean {
    return other instanceof Url && other.text === this.text
  }

  override toText(): string {
    return this.text
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const forbidden = /[\u0000-\u0020\u007F]|%(?![0-9a-fA-F]{2})/u
const shape = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*))?(\/[^?]*)?(?:\?(.*))?$/u
const authority = /^(?:[^@]*@)?((?:\[[0-9A-Fa-f:.]+\]|[^:@[\]]*)(?::\d*)?)$/u

function parseUrl(text: string): Url | undefined {
  const match = text.length > 8192 || forbidden.test(text) ? null : shape.exec(text)
  return match === null ? undefined : urlOfParts(text, match)
}

function urlOfParts(text: string, parts: readonly (string | undefined)[]): Url | undefined {
  const [, scheme = '', login = '', path = '', query = ''] = parts
  const host = authority.exec(login)?.[1]
  if (host === undefined || (scheme === '' && path === '')) return undefined
  return new Url(text, { scheme: scheme.toLowerCase(), host, path, query })
}

function hostnameOf({ parts: { host } }: Url): string {
  return host.replace(/:\d*$/u, '').replace(/^\[(.*)\]$/u, '$1')
}

function portOf({ parts: { host } }: Url): string {
  return /:(\d*)$/u.exec(host.replace(/^\[.*\]/u, ''))?.[1] ?? ''
}

function queryOf({ parts: { query } }: Url): CelMap {
  const lists = new Map<string, Value[]>()
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [key = '', ...rest] = pair.split('=')
    const name = decode(key)
    const list = lists.get(name) ?? []
    list.push(decode(rest.join('=')))
    lists.set(name, list)
  }
  const map = new CelMap()
  for (const [key, list] of lists) if (getEntry(map, key) === undefined) putEntry(map, key, list)
  return map
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return fail('invalid_utf8')
  }
}

export const url: Library = {
  global: [
    ['url(string): kubernetes.URL', (text: string) => parseUrl(text) ?? fail('conversion')],
    ['isURL(string): bool', (text: string) => parseUrl(text) !== undefined],
  ],
  member: [
    ['kubernetes.URL.getScheme(): string', ({ parts }: Url) => parts.scheme],
    ['kubernetes.URL.getHost(): string', ({ parts }: Url) => parts.host],
    ['kubernetes.URL.getHostname(): string', hostnameOf],
    ['kubernetes.URL.getPort(): string', portOf],
    ['kubernetes.URL.getEscapedPath(): string', ({ parts }: Url) => parts.path],
    ['kubernetes.URL.getQuery(): map<string, list<string>>', queryOf],
  ],
}
