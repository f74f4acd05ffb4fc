// What is done with one string of a JSON text while it is read: passed as it is, remembered as a field's name, or masked as one.
import type { Masker } from '../masker.ts'
import type { Sink } from './sink.ts'
import type { Frame, Names } from './structure.ts'

/** Without its quotes. AlignedText is one that masks a value. */
export interface StringWork {
  /** What stands there, and how it is written. */
  readonly read: (text: string, raw: string) => void
  readonly flush: () => void
  readonly end: () => void
}

export function passString(sink: Sink): StringWork {
  return { read: (_, raw) => sink.keep(raw), flush: () => {}, end: () => {} }
}

export function readKey(frame: Frame, sink: Sink): StringWork {
  let key = ''
  return {
    read: (text, raw) => {
      key += text
      sink.keep(raw)
    },
    flush: () => {},
    end: () => {
      frame.key = key
    },
  }
}

/** Held to its end, since two names that are masked alike must not become one. */
export function maskKey(frame: Frame, masker: Masker, sink: Sink): StringWork {
  let key = ''
  let rawKey = ''
  return {
    read: (text, raw) => {
      key += text
      rawKey += raw
    },
    flush: () => {},
    end: () => {
      frame.key = key
      frame.names ??= new Map()
      const name = takeName(frame.names, key, masker.push(key) + masker.end())
      if (name === key) {
        sink.keep(rawKey)
        return
      }
      sink.write(JSON.stringify(name).slice(1, -1))
      sink.skip(rawKey.length)
    },
  }
}

/** A name that no other field has. One that the caller wrote twice stays so. */
function takeName(names: Names, key: string, masked: string): string {
  const uses = names.get(masked)
  if (uses === undefined || (uses === 0 && masked === key)) {
    names.set(masked, masked === key ? 0 : 1)
    return masked
  }
  let number = Math.max(uses, 1) + 1
  while (names.has(`${masked} ${number}`)) number += 1
  names.set(masked, number)
  const name = `${masked} ${number}`
  names.set(name, 1)
  return name
}
