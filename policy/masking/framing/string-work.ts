// What is done with one string of a JSON text while it is read: passed as it is, remembered as a field's name, or masked as one.
import type { Masker } from '../masker.ts'
import { isKnownName } from './place.ts'
import type { Sink } from './sink.ts'
import type { Frame, Structure } from './structure.ts'

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

/** Longer than any name that a place knows. What is longer is not held. */
const maxKeyUnits = 65_536

export function readKey(frame: Frame, sink: Sink): StringWork {
  let key = ''
  return {
    read: (text, raw) => {
      if (key.length <= maxKeyUnits) key += text
      sink.keep(raw)
    },
    flush: () => {},
    end: () => {
      frame.key = key.slice(0, maxKeyUnits + 1)
    },
  }
}

/** Held to its end, since two names that are masked alike must not become one. Nothing goes on of one that is too long. */
export function maskKey(structure: Structure, start: () => Masker, sink: Sink): StringWork {
  let key = ''
  let rawKey = ''
  let units = 0
  return {
    read: (text, raw) => {
      units += raw.length
      if (key.length > maxKeyUnits) return
      key += text
      rawKey += raw
    },
    flush: () => {},
    end: () => {
      const isTooLong = key.length > maxKeyUnits
      const original = isTooLong ? key.slice(0, maxKeyUnits + 1) : key
      const { top } = structure
      if (top === undefined) return
      top.key = original
      const name = takeName(structure, top, isTooLong ? '' : maskName(top, key, start))
      if (name === original) {
        sink.keep(rawKey)
        return
      }
      sink.write(JSON.stringify(name).slice(1, -1))
      sink.skip(units)
    },
  }
}

function maskName({ place }: Frame, key: string, start: () => Masker): string {
  if (isKnownName(place, key)) return key
  const masker = start()
  return masker.push(key) + masker.end()
}

/** What `maskKey` does with a name that is known. False: it must do so, since other names of the object were changed. */
export function takeKnownName(structure: Structure, frame: Frame, name: string): boolean {
  if (frame.made !== undefined) return false
  frame.key = name
  if (structure.takeSpareName()) frame.kept.push(name)
  return true
}

/** A name that no other field has. One that the caller wrote twice stays so. */
function takeName(structure: Structure, frame: Frame, masked: string): string {
  if (!structure.takeSpareName()) return masked
  const isSame = masked === frame.key
  if (frame.made === undefined) {
    if (isSame) {
      frame.kept.push(masked)
      return masked
    }
    frame.made = new Map(frame.kept.map((name) => [name, 0]))
  }
  return takeFreeName(frame.made, masked, isSame)
}

function takeFreeName(names: Map<string, number>, masked: string, isSame: boolean): string {
  const uses = names.get(masked)
  if (uses === undefined || (uses === 0 && isSame)) {
    names.set(masked, isSame ? 0 : 1)
    return masked
  }
  let number = Math.max(uses, 1) + 1
  while (names.has(`${masked} ${number}`)) number += 1
  names.set(masked, number)
  const name = `${masked} ${number}`
  names.set(name, 1)
  return name
}
