// A Content-Type header, read so that no two readers could see two types in it (RFC 9110 §8.3): no repeated parameter, no escapes,
// nothing left over.

export interface MediaType {
  /** In lower case, without parameters. */
  readonly type: string
  /** Names in lower case; values as they came, without their quotes. */
  readonly parameters: ReadonlyMap<string, string>
}

const essence = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+/u
const parameter = /[ \t]*;[ \t]*([\w!#$&^.+-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"([ !#-[\]-~]*)")/uy

/** Undefined: not a media type, or one that two readers might read differently. */
export function parseMediaType(header: string): MediaType | undefined {
  const type = essence.exec(header)?.[0]
  if (type === undefined) return undefined
  const parameters = readParameters(header.trimEnd(), type.length, parameter)
  return parameters && { type: type.toLowerCase(), parameters }
}

/** Of a sticky pattern that finds a name, a bare value and a quoted one. Undefined: something else stands there, or a name twice. */
export function readParameters(text: string, from: number, pattern: RegExp): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  let at = from
  while (at < text.length) {
    pattern.lastIndex = at
    const [all = '', name = '', bare, quoted] = pattern.exec(text) ?? []
    if (all === '' || found.has(name.toLowerCase())) return undefined
    found.set(name.toLowerCase(), bare ?? quoted ?? '')
    at += all.length
  }
  return found
}

/** Text in another encoding would be other text to whoever obeys the parameter. */
export function isUtf8({ parameters }: MediaType): boolean {
  const charset = parameters.get('charset')
  return charset === undefined || /^utf-?8$/iu.test(charset)
}

/** A type with at most this one parameter. */
export function isText(mediaType: MediaType, type: string): boolean {
  const others = [...mediaType.parameters.keys()].some((name) => name !== 'charset')
  return mediaType.type === type && !others && isUtf8(mediaType)
}
