// The fold map: what a detector takes a character for. Full-width and foreign digits, Unicode dashes, spaces and quotes, mathematical
// letters and Latin look-alikes stand for their ASCII; characters that nobody sees stand for nothing. A chosen set and not NFKC,
// which would make cards out of circled digits. Both the automata and the verifiers see text through this map.

/** What `foldPoint` gives for a character that is skipped. */
export const ignorable = -1

type Range = readonly [first: number, last: number]

const ignored: readonly Range[] = [
  [0xad, 0xad],
  [0x300, 0x36f],
  [0x61c, 0x61c],
  [0x180b, 0x180e],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x20d0, 0x20ff],
  [0x2060, 0x206f],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe007f],
  [0xe0100, 0xe01ef],
]

/** Characters that mean the same as one of ASCII. */
const same: readonly (readonly [ascii: string, others: string])[] = [
  [' ', '\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000'],
  ['\n', '\u0085\u2028\u2029'],
  ['-', '\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\ufe58\ufe63'],
  ["'", '\u2018\u2019\u201b\u2032'],
  ['"', '\u201c\u201d\u201f\u2033'],
  ['.', '\u2024\u3002\ufe52\uff61'],
  ['/', '\u2044\u2215'],
  [':', '\u2236\ufe55'],
  ['@', '\ufe6b'],
  ['_', '\ufe4d\ufe4e\ufe4f'],
]

/** Letters of Cyrillic, Greek and IPA that look like Latin ones: pairs of look-alike and Latin. */
const lookalikePairs =
  'аaеeоoрpсcуyхxѕsіiјjһhԁdԛqԝwӏlѵvкkАAВBЕEКKМMНHОOРPСCТTУYХXЅSІIЈJԌGԚQԜW' +
  'ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXοoνvιiαaρpκkıiɡgɑaɩi'

/** Where the ten digits of a script begin. Superscripts and circled digits are none. */
const digitStarts = [
  0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
  0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
  0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x11066, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1fbf0,
]

function makeLookalikes(): ReadonlyMap<number, number> {
  const map = new Map<number, number>()
  for (let i = 0; i < lookalikePairs.length; i += 2)
    map.set(lookalikePairs.charCodeAt(i), lookalikePairs.charCodeAt(i + 1))
  return map
}

const lookalikes = makeLookalikes()

function* mathematicalLetters(): Generator<readonly [number, number]> {
  for (let point = 0x1d400; point <= 0x1d6a3; point += 1) {
    const letter = (point - 0x1d400) % 52
    yield [point, letter < 26 ? 0x41 + letter : 0x61 + letter - 26]
  }
}

function makeFolds(): ReadonlyMap<number, number> {
  const map = new Map<number, number>([...lookalikes, ...mathematicalLetters()])
  for (const [first, last] of ignored) for (let point = first; point <= last; point += 1) map.set(point, ignorable)
  for (const [ascii, others] of same)
    for (let i = 0; i < others.length; i += 1) map.set(others.charCodeAt(i), ascii.charCodeAt(0))
  for (const start of digitStarts) for (let digit = 0; digit < 10; digit += 1) map.set(start + digit, 0x30 + digit)
  for (let point = 0xff01; point <= 0xff5e; point += 1) map.set(point, point - 0xfee0)
  return map
}

/** Every character that does not stand for itself, and what it stands for. */
export const folds: ReadonlyMap<number, number> = makeFolds()

export function isLookalike(point: number): boolean {
  return lookalikes.has(point)
}

const beyondAscii = /[^\0-\x7f]/

export function foldText(text: string): string {
  if (!beyondAscii.test(text)) return text
  let folded = ''
  let from = 0
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) < 0x80) continue
    const point = text.codePointAt(i) ?? 0
    const width = point > 0xffff ? 2 : 1
    const stands = folds.get(point)
    if (stands !== undefined) {
      folded += text.slice(from, i) + (stands === ignorable ? '' : String.fromCodePoint(stands))
      from = i + width
    }
    i += width - 1
  }
  return from === 0 ? text : folded + text.slice(from)
}

const asciiLetter = /[A-Za-z]/

/** Whether a text is other than Latin and only looks so: it has look-alikes and not one true Latin letter. */
export function isForeign(text: string): boolean {
  if (!beyondAscii.test(text) || asciiLetter.test(text)) return false
  for (let i = 0; i < text.length; i += 1) if (lookalikes.has(text.charCodeAt(i))) return true
  return false
}
